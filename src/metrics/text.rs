//! Prometheus' text format.

use std::fmt::Display;

/// Names and values. Ours are plain words, of which none has to be escaped.
pub type Labels<'a> = &'a [(&'a str, &'a str)];

/// A page for Prometheus, family by family.
#[derive(Default)]
pub struct Text {
    page: String,
    family: &'static str,
}

impl Text {
    /// Begins the family of something that only grows.
    pub fn counter(&mut self, name: &'static str, help: &str) -> &mut Self {
        self.begin("counter", name, help)
    }

    /// Begins the family of something that grows and shrinks.
    pub fn gauge(&mut self, name: &'static str, help: &str) -> &mut Self {
        self.begin("gauge", name, help)
    }

    /// Begins the family of a histogram.
    pub fn histogram(&mut self, name: &'static str, help: &str) -> &mut Self {
        self.begin("histogram", name, help)
    }

    fn begin(&mut self, kind: &str, name: &'static str, help: &str) -> &mut Self {
        self.family = name;
        self.line(format_args!("# HELP {name} {help}\n# TYPE {name} {kind}"));
        self
    }

    /// The only number of the family.
    pub fn value(&mut self, value: impl Display) {
        self.sample(&[], value);
    }

    /// One number of the family.
    pub fn sample(&mut self, labels: Labels<'_>, value: impl Display) {
        self.part("", labels, value);
    }

    /// One number of a histogram.
    pub fn part(&mut self, suffix: &str, labels: Labels<'_>, value: impl Display) {
        let family = self.family;
        let labels: Vec<String> = labels.iter().map(|(name, value)| format!("{name}=\"{value}\"")).collect();
        if labels.is_empty() {
            self.line(format_args!("{family}{suffix} {value}"));
        } else {
            self.line(format_args!("{family}{suffix}{{{}}} {value}", labels.join(",")));
        }
    }

    fn line(&mut self, line: std::fmt::Arguments<'_>) {
        self.page.push_str(&format!("{line}\n"));
    }

    pub fn finish(self) -> String {
        self.page
    }
}
