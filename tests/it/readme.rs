//! The README's first session, word for word: the blocks are run, and what they print is what the README says.

use std::time::Duration;

use crate::support::process::Place;

/// The blocks of one language between the two markers.
fn blocks(readme: &str, language: &str) -> String {
    let session = readme.split("<!-- session: begin").nth(1).unwrap().split("<!-- session: end -->").next().unwrap();
    let fence = format!("```{language}\n");
    let blocks = session.split(&fence).skip(1).map(|block| block.split("```").next().unwrap());
    blocks.collect()
}

#[tokio::test]
async fn the_first_session_prints_what_the_readme_says() {
    let readme = include_str!("../../README.md");
    let place = Place::new();
    let server = place.serve().await;
    let script = blocks(readme, "sh").replace("http://127.0.0.1:8000", &format!("http://{}", server.address()));
    let mut bash = tokio::process::Command::new("bash");
    bash.args(["-c", &script]).kill_on_drop(true);
    let ran = tokio::time::timeout(Duration::from_secs(60), bash.output()).await.unwrap().unwrap();
    // An event may come between an answer and the end of its line.
    let printed = String::from_utf8(ran.stdout).unwrap().replace("}event:", "}\nevent:");
    let mut printed: Vec<&str> = printed.lines().filter(|line| !line.is_empty()).collect();
    let expected = blocks(readme, "json");
    let mut expected: Vec<&str> = expected.lines().collect();
    // The event may come before or after the answer of the mutation that caused it.
    printed.sort_unstable();
    expected.sort_unstable();
    assert_eq!(printed, expected, "{}", String::from_utf8_lossy(&ran.stderr));
}
