//! docs/seed-parity.md: every test that it names is there, and every defect and every test of one is in it.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

const ROOT: &str = env!("CARGO_MANIFEST_DIR");

fn table() -> String {
    fs::read_to_string(Path::new(ROOT).join("docs/seed-parity.md")).unwrap()
}

/// The names of the tests in each file, which is known by its path below tests/it.
fn tests() -> BTreeMap<String, BTreeSet<String>> {
    let root = Path::new(ROOT).join("tests/it");
    let (mut folders, mut tests) = (vec![root.clone()], BTreeMap::new());
    while let Some(folder) = folders.pop() {
        for path in fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()) {
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let name = path.strip_prefix(&root).unwrap().to_str().unwrap().to_owned();
                tests.insert(name, in_file(&path));
            }
        }
    }
    tests
}

/// The functions that a test attribute stands above.
fn in_file(path: &PathBuf) -> BTreeSet<String> {
    let text = fs::read_to_string(path).unwrap();
    let (mut names, mut is_test) = (BTreeSet::new(), false);
    for line in text.lines().map(str::trim_start) {
        is_test |= line.starts_with("#[test]") || line.starts_with("#[tokio::test");
        let declared = line.strip_prefix("async ").unwrap_or(line).strip_prefix("fn ");
        if let Some((name, _)) = declared.and_then(|rest| rest.split_once('(')).filter(|_| is_test) {
            names.insert(name.to_owned());
            is_test = false;
        }
    }
    names
}

/// The rows of the tables: their cells, headings left out.
fn rows(text: &str) -> Vec<Vec<String>> {
    let cells = |line: &str| line.trim_matches('|').split(" | ").map(|cell| cell.trim().to_owned()).collect::<Vec<_>>();
    let lines: Vec<&str> = text.lines().collect();
    let is_row = |n: &usize| {
        let next = lines.get(n + 1).copied().unwrap_or_default();
        lines[*n].starts_with("| ") && !next.starts_with("|--") && !next.starts_with("| --")
    };
    (0..lines.len()).filter(is_row).map(|n| cells(lines[n])).collect()
}

/// What a cell names as `file.rs::test`.
fn named(cell: &str) -> Vec<(String, String)> {
    let spans = cell.split('`').skip(1).step_by(2).filter_map(|span| span.split_once("::"));
    spans.map(|(file, test)| (file.to_owned(), test.to_owned())).collect()
}

#[test]
fn every_row_names_a_test_and_every_test_that_is_named_is_there() {
    let (table, tests) = (table(), tests());
    let rows = rows(&table);
    assert!(rows.len() > 60, "{} rows", rows.len());
    let mut wrong = Vec::new();
    for row in rows {
        let named = named(row.last().unwrap());
        if named.is_empty() {
            wrong.push(format!("no test: {row:?}"));
        }
        for (file, test) in named {
            if !tests.get(&file).is_some_and(|tests| tests.contains(&test)) {
                wrong.push(format!("no such test: {file}::{test}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_defect_is_in_the_table_with_all_its_tests() {
    let table = table();
    for number in 1..=24 {
        let row = rows(&table).into_iter().find(|row| row[0] == format!("S{number}"));
        let row = row.unwrap_or_else(|| panic!("S{number} is not in the table"));
        let named: BTreeSet<(String, String)> = named(row.last().unwrap()).into_iter().collect();
        let prefix = format!("s{number:02}_");
        for (file, tests) in tests() {
            for test in tests.into_iter().filter(|test| test.starts_with(&prefix)) {
                assert!(named.contains(&(file.clone(), test.clone())), "S{number} lacks {file}::{test}");
            }
        }
    }
}
