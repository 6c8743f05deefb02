//! What a page has to have fetched for it: read from what the document selects of its items.

use async_graphql::Context;
use async_graphql::parser::types::{Field, SelectionSet};

use super::cursor::Kind;
use super::selection::Document;
use crate::loader::{CommentWants, TweetWants, UserWants};

/// What is selected of the tweets of the connection that is being resolved.
pub fn tweets(ctx: &Context<'_>) -> TweetWants {
    let document = Document::of(ctx);
    let mut wants = TweetWants::default();
    items(document, &ctx.item.node, &mut |set| tweet(document, set, &mut wants));
    wants
}

/// The selections on the items of a connection: `nodes`, and `node` of `edges`.
fn items<'a>(document: Document<'a>, connection: &'a Field, visit: &mut impl FnMut(&'a SelectionSet)) {
    document.each(&connection.selection_set.node, &mut |field| match field.name.node.as_str() {
        "nodes" => visit(&field.selection_set.node),
        "edges" => document.each(&field.selection_set.node, &mut |field| {
            if field.name.node == "node" {
                visit(&field.selection_set.node);
            }
        }),
        _ => (),
    });
}

fn tweet<'a>(document: Document<'a>, set: &'a SelectionSet, wants: &mut TweetWants) {
    document.each(set, &mut |field| match field.name.node.as_str() {
        "author" => user(document, &field.selection_set.node, &mut wants.author),
        "likeCount" | "commentCount" => wants.stats = true,
        "viewerHasLiked" => wants.liked = true,
        "photos" => wants.photos = true,
        "comments" => {
            let request = document.page_args(field).and_then(|args| args.request_for(Kind::Comments, false).ok());
            if let Some(request) = request {
                let mut wanted = CommentWants::default();
                items(document, field, &mut |set| comment(document, set, &mut wanted));
                wants.comments.push((request.slice(), wanted));
            }
        }
        _ => (),
    });
}

fn comment<'a>(document: Document<'a>, set: &'a SelectionSet, wants: &mut CommentWants) {
    document.each(set, &mut |field| match field.name.node.as_str() {
        "author" => user(document, &field.selection_set.node, &mut wants.author),
        "likeCount" => wants.stats = true,
        "viewerHasLiked" => wants.liked = true,
        _ => (),
    });
}

fn user<'a>(document: Document<'a>, set: &'a SelectionSet, wants: &mut UserWants) {
    document.each(set, &mut |field| match field.name.node.as_str() {
        "username" | "createdAt" | "profile" => wants.person = true,
        "tweetCount" | "followerCount" | "followingCount" => wants.stats = true,
        "viewerIsFollowing" | "isFollowingViewer" => wants.relation = true,
        _ => (),
    });
}
