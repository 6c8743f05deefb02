//! Relay's object identification: any object by its global id.

use async_graphql::{Context, ID, Interface, Object};

use super::ContextExt;
use super::admin::{self, Account, AuditEntry, DeadLetter, Gate};
use super::comment::Comment;
use super::id::GlobalId;
use super::notification::Notification;
use super::photo::Photo;
use super::session::Session;
use super::tweet::Tweet;
use super::user::{Profile, User};
use super::viewer::Viewer;
use crate::error::{Error, Result};
use crate::service::{self, audit, gate, notification, queue, session};

/// How many ids one call may ask for.
const MOST: usize = 100;

/// Anything with a global id.
#[derive(Interface)]
#[graphql(field(name = "id", ty = "ID", desc = "Globally unique, opaque to clients, tagged with its type inside."))]
pub enum Node {
    Viewer(Viewer),
    User(User),
    Profile(Profile),
    Tweet(Tweet),
    Photo(Photo),
    Comment(Comment),
    Notification(Notification),
    Session(Session),
    Account(Account),
    AuditEntry(AuditEntry),
    DeadLetter(DeadLetter),
    Gate(Gate),
}

#[derive(Default)]
pub struct NodeQuery;

#[Object]
impl NodeQuery {
    /// Any object by its global id. Null for an unknown id and for an object the viewer may not see alike. A malformed id is
    /// an error with code BAD_USER_INPUT.
    async fn node(&self, ctx: &Context<'_>, #[graphql(desc = "A global id.")] id: ID) -> Option<Result<Node>> {
        match GlobalId::decode(&id) {
            // Boxed, for it is large, and the engine moves the futures of resolvers about.
            Ok(id) => Box::pin(find(ctx, id)).await.transpose(),
            Err(error) => Some(Err(error)),
        }
    }

    /// At most 100 ids, answered in the order asked.
    async fn nodes(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Global ids.")] ids: Vec<ID>,
    ) -> Result<Vec<Option<Node>>> {
        if ids.len() > MOST {
            return Err(Error::BadInput(format!("At most {MOST} ids at a time, but these are {}.", ids.len())));
        }
        let ids: Vec<GlobalId> = ids.iter().map(GlobalId::decode).collect::<Result<_>>()?;
        futures_util::future::try_join_all(ids.into_iter().map(|id| find(ctx, id))).await
    }
}

async fn find(ctx: &Context<'_>, id: GlobalId) -> Result<Option<Node>> {
    let is_viewer = |user| ctx.viewer_opt().is_some_and(|viewer| viewer.user == user);
    Ok(match id {
        GlobalId::Viewer(id) => is_viewer(id).then_some(Node::Viewer(Viewer(id))),
        GlobalId::User(id) => ctx.loaders().is_visible(id).await?.then_some(Node::User(User(id))),
        GlobalId::Profile(id) if ctx.loaders().is_visible(id).await? => {
            ctx.loaders().person(id).await?.map(|person| Node::Profile(Profile(person)))
        }
        GlobalId::Profile(_) => None,
        GlobalId::Tweet(id) => ctx.loaders().tweet(id).await?.map(|tweet| Node::Tweet(Tweet(tweet))),
        GlobalId::Photo(id) => ctx.loaders().photo(id).await?.map(|photo| Node::Photo(Photo(photo))),
        GlobalId::Comment(id) => ctx.loaders().comment(id).await?.map(|comment| Node::Comment(Comment(comment))),
        GlobalId::Notification(recipient, seq) if is_viewer(recipient) => {
            let found = notification::by_seq(ctx.app(), recipient, seq).await?;
            found.map(|found| Node::Notification(Notification(found)))
        }
        GlobalId::Notification(..) => None,
        GlobalId::Session(id) => match ctx.viewer_opt() {
            Some(viewer) => {
                let found = session::own(ctx.app(), ctx.app().db.read(), viewer.user, id).await?;
                found.map(|found| Node::Session(Session(found)))
            }
            None => None,
        },
        GlobalId::Account(_) | GlobalId::AuditEntry(_) | GlobalId::DeadLetter(_) | GlobalId::Gate(_) => {
            if admin::is_asking(ctx).await? {
                administrative(ctx, id).await?
            } else {
                None
            }
        }
    })
}

/// What only administrators see.
async fn administrative(ctx: &Context<'_>, id: GlobalId) -> Result<Option<Node>> {
    let app = ctx.app();
    Ok(match id {
        GlobalId::Account(id) => service::admin::account(app, id).await?.map(|found| Node::Account(Account(found))),
        GlobalId::AuditEntry(id) => audit::by_id(app, id).await?.map(|found| Node::AuditEntry(AuditEntry(found))),
        GlobalId::DeadLetter(id) => queue::dead_letter(app, id).await?.map(|found| Node::DeadLetter(DeadLetter(found))),
        GlobalId::Gate(name) => {
            let gates = gate::read(app.db.read()).await?;
            gates.get(&name).cloned().map(|found| Node::Gate(Gate(found)))
        }
        _ => None,
    })
}
