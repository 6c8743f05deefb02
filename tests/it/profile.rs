//! Changing one's profile.

use axum::http::Method;
use image::ImageFormat;
use serde_json::{Value, json};

use crate::media::make::{encode, quarters};
use crate::support::{Answer, Form, Person, TestApp, picture};

const UPDATE: &str = "mutation ($input: UpdateProfileInput!) { updateProfile(input: $input) {
    user { id profile { nickname bio avatarUrl } } userErrors { code message field } } }";
const PROFILE: &str = "query ($name: String!) { user(username: $name) { profile { nickname bio avatarUrl } } }";

async fn update(app: &TestApp, person: &Person, input: Value) -> Answer {
    app.as_user(person).gql(UPDATE, json!({ "input": input })).await
}

async fn set_avatar(app: &TestApp, person: &Person, file: &[u8]) -> Answer {
    let form = Form::of(UPDATE, json!({ "input": { "avatar": null } }), &[("variables.input.avatar", file)]);
    app.as_user(person).upload(form).await
}

async fn profile(app: &TestApp, person: &Person) -> Value {
    app.anonymous().gql(PROFILE, json!({ "name": person.name })).await.ok()["user"]["profile"].clone()
}

fn avatar_of(answer: &Answer) -> String {
    answer.changed("updateProfile")["user"]["profile"]["avatarUrl"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn a_change_shows_at_once_and_keeps_what_is_left_out() {
    let app = TestApp::new().await;
    let ada = app.person("ada").await;
    let answer = update(&app, &ada, json!({ "nickname": " Ada L. ", "bio": " First line\nsecond " })).await;
    let expected = json!({ "nickname": "Ada L.", "bio": "First line\nsecond", "avatarUrl": null });
    assert_eq!(answer.changed("updateProfile")["user"]["profile"], expected);
    assert_eq!(profile(&app, &ada).await, expected);

    update(&app, &ada, json!({ "bio": "" })).await.changed("updateProfile");
    assert_eq!(profile(&app, &ada).await, json!({ "nickname": "Ada L.", "bio": "", "avatarUrl": null }));
    let nothing = update(&app, &ada, json!({})).await;
    assert_eq!(nothing.changed("updateProfile")["user"]["profile"]["nickname"], "Ada L.");
}

#[tokio::test]
async fn a_new_nickname_and_avatar_show_in_the_next_feed_that_is_read() {
    let app = TestApp::new().await;
    let other = app.second().await;
    let [ada, bob] = app.cast(["ada", "bob"]).await;
    app.follow(&bob, &ada).await;
    app.tweet(&ada, "hello").await;
    app.drain().await;
    let query = "{ viewer { homeFeed { nodes { author { profile { nickname avatarUrl } } } } } }";
    let author = async |app: &TestApp| {
        let answer = app.as_user(&bob).gql(query, json!({})).await;
        answer.ok()["viewer"]["homeFeed"]["nodes"][0]["author"]["profile"].clone()
    };
    for app in [&app, &other] {
        assert_eq!(author(app).await, json!({ "nickname": "ada", "avatarUrl": null }));
    }
    update(&app, &ada, json!({ "nickname": "Countess" })).await.changed("updateProfile");
    let url = avatar_of(&set_avatar(&app, &ada, &picture(0)).await);
    for app in [&other, &app] {
        assert_eq!(author(app).await, json!({ "nickname": "Countess", "avatarUrl": url }));
    }
}

/// A variable that the request leaves out is a field that is left out; one that is null is null.
#[tokio::test]
async fn variables_tell_left_out_from_null() {
    let app = TestApp::new().await;
    let ada = app.person("ada").await;
    let url = avatar_of(&set_avatar(&app, &ada, &picture(0)).await);
    let query = "mutation ($nickname: String, $bio: String, $avatar: Upload) {
        updateProfile(input: { nickname: $nickname, bio: $bio, avatar: $avatar }) {
            user { profile { nickname bio avatarUrl } } userErrors { code field } } }";
    let answer = app.as_user(&ada).gql(query, json!({ "bio": "new" })).await;
    let expected = json!({ "nickname": "ada", "bio": "new", "avatarUrl": url });
    assert_eq!(answer.changed("updateProfile")["user"]["profile"], expected);

    let answer = app.as_user(&ada).gql(query, json!({ "nickname": null, "bio": null, "avatar": null })).await;
    assert_eq!(answer.refused("updateProfile"), ["INVALID nickname", "INVALID bio"]);
    assert_eq!(profile(&app, &ada).await, expected, "nothing is changed, the avatar included");
    let answer = update(&app, &ada, json!({ "nickname": null })).await;
    assert_eq!(answer.refused("updateProfile"), ["INVALID nickname"]);

    let answer = app.as_user(&ada).gql(query, json!({ "avatar": null })).await;
    let expected = json!({ "nickname": "ada", "bio": "new", "avatarUrl": null });
    assert_eq!(answer.changed("updateProfile")["user"]["profile"], expected);
    app.drain().await;
}

#[tokio::test]
async fn each_bound_of_a_profile_holds() {
    let app = TestApp::new().await;
    let ada = app.person("ada").await;
    for (input, fault) in [
        (json!({ "nickname": "" }), "TOO_SHORT nickname"),
        (json!({ "nickname": " \n " }), "TOO_SHORT nickname"),
        (json!({ "nickname": "x".repeat(51) }), "TOO_LONG nickname"),
        (json!({ "nickname": "a\nb" }), "INVALID nickname"),
        (json!({ "bio": "x".repeat(161) }), "TOO_LONG bio"),
        (json!({ "bio": format!("e{}", "\u{301}".repeat(1000)) }), "TOO_LONG bio"),
        (json!({ "bio": "tab\tstop" }), "INVALID bio"),
        (json!({ "bio": "nul \u{0}" }), "INVALID bio"),
    ] {
        assert_eq!(update(&app, &ada, input.clone()).await.refused("updateProfile"), [fault], "{input}");
    }
    let widest = json!({ "nickname": "ä".repeat(50), "bio": "👍🏽".repeat(160) });
    update(&app, &ada, widest).await.changed("updateProfile");
}

#[tokio::test]
async fn an_avatar_is_a_small_square_and_replaces_the_one_before() {
    let app = TestApp::new().await;
    let ada = app.person("ada").await;
    let first = avatar_of(&set_avatar(&app, &ada, &encode(&quarters(900, 600), ImageFormat::Jpeg)).await);
    let (response, bytes) = app.fetch(Method::GET, &first, &[]).await;
    assert_eq!(response.status(), 200);
    let image = image::load_from_memory(&bytes).unwrap();
    assert_eq!((image.width(), image.height()), (400, 400));

    let second = avatar_of(&set_avatar(&app, &ada, &picture(1)).await);
    assert_ne!(first, second);
    assert_eq!(profile(&app, &ada).await["avatarUrl"], second.as_str());
    app.drain().await;
    assert_eq!(app.fetch(Method::GET, &first, &[]).await.0.status(), 404);
    assert_eq!(app.fetch(Method::GET, &second, &[]).await.0.status(), 200);

    update(&app, &ada, json!({ "avatar": null })).await.changed("updateProfile");
    update(&app, &ada, json!({ "avatar": null })).await.changed("updateProfile");
    app.drain().await;
    assert_eq!(app.media_files(), Vec::<String>::new());
}

#[tokio::test]
async fn a_bad_avatar_changes_nothing_and_every_fault_is_told() {
    let app = TestApp::with(|config| config.media_avatar_bytes = 5_000).await;
    let ada = app.person("ada").await;
    let url = avatar_of(&set_avatar(&app, &ada, &picture(0)).await);
    let input = json!({ "input": { "nickname": "", "bio": "changed", "avatar": null } });
    let form = Form::of(UPDATE, input, &[("variables.input.avatar", b"<svg/>")]);
    let answer = app.as_user(&ada).upload(form).await;
    assert_eq!(answer.refused("updateProfile"), ["TOO_SHORT nickname", "UNSUPPORTED_MEDIA avatar"]);
    let fault = &answer.ok()["updateProfile"]["userErrors"][1];
    assert_eq!(fault["field"], json!(["input", "avatar"]));
    let heavy = [picture(0), vec![0; 5_000]].concat();
    assert_eq!(set_avatar(&app, &ada, &heavy).await.refused("updateProfile"), ["TOO_LONG avatar"]);
    assert_eq!(profile(&app, &ada).await, json!({ "nickname": "ada", "bio": "", "avatarUrl": url }));
    assert_eq!(app.media_files().len(), 1);
}

#[tokio::test]
async fn a_profile_that_cannot_be_written_leaves_no_file() {
    let app = TestApp::new().await;
    let ada = app.person("ada").await;
    app.forbid("UPDATE", "profile").await;
    assert_eq!(set_avatar(&app, &ada, &picture(0)).await.code(), "INTERNAL");
    assert_eq!(app.media_files(), Vec::<String>::new());
}

#[tokio::test]
async fn of_avatars_set_at_once_one_stays() {
    let app = TestApp::new().await;
    let ada = app.person("ada").await;
    let files: Vec<_> = (0..8).map(picture).collect();
    let answers = futures_util::future::join_all(files.iter().map(|file| set_avatar(&app, &ada, file))).await;
    for answer in &answers {
        answer.changed("updateProfile");
    }
    app.drain().await;
    let [file] = app.media_files().try_into().unwrap();
    assert!(profile(&app, &ada).await["avatarUrl"].as_str().unwrap().ends_with(&file));
}

#[tokio::test]
async fn nobody_has_no_profile_to_change() {
    let app = TestApp::new().await;
    let answer = app.anonymous().gql(UPDATE, json!({ "input": { "bio": "x" } })).await;
    assert_eq!(answer.code(), "UNAUTHENTICATED");
    assert_eq!(answer.body["data"], json!({ "updateProfile": null }));
}
