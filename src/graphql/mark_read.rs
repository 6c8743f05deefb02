//! Marking notifications as read.

use async_graphql::{Context, ID, InputObject, Object, SimpleObject};
use entity::UserId;

use super::ContextExt;
use super::cursor::Kind;
use super::id::GlobalId;
use super::notification::Notification;
use super::payload::{UserError, answer, payloads};
use super::viewer::Viewer;
use crate::error::{Error, Result};
use crate::service::notification::{Mark, mark};

/// Some by id, or every one up to and including a cursor; with neither, all; with both, a user error; an empty list marks
/// none. read: false marks as unread, by id only.
#[derive(InputObject)]
struct MarkNotificationsReadInput {
    /// At most 100.
    notification_ids: Option<Vec<ID>>,
    /// The cursor of a notification; it may be gone.
    up_to: Option<String>,
    /// False makes them unread again.
    #[graphql(default = true)]
    read: bool,
}

/// What has been marked.
#[derive(Default, SimpleObject)]
struct MarkNotificationsReadPayload {
    /// How many were not marked so before.
    marked_count: Option<u64>,
    /// Those named by id, in that order; else the newest 100 of those that changed.
    notifications: Option<Vec<Notification>>,
    /// The person asking.
    viewer: Option<Viewer>,
    /// What has to be mended; empty when all went well.
    user_errors: Vec<UserError>,
}

payloads!(MarkNotificationsReadPayload);

#[derive(Default)]
pub struct NotificationMutation;

#[Object]
impl NotificationMutation {
    /// Marks notifications as read, or as unread again.
    async fn mark_notifications_read(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which ones.")] input: MarkNotificationsReadInput,
    ) -> Option<Result<MarkNotificationsReadPayload>> {
        answer(mark_read(ctx, input).await)
    }
}

async fn mark_read(ctx: &Context<'_>, input: MarkNotificationsReadInput) -> Result<MarkNotificationsReadPayload> {
    let viewer = ctx.viewer()?.user;
    let asked = Mark {
        some: input.notification_ids.map(|ids| ids.iter().map(|id| number(viewer, id)).collect()),
        up_to: input.up_to.map(|cursor| Kind::Notifications.decode(&cursor)).transpose()?,
        read: input.read,
    };
    let marked = mark(ctx.app(), viewer, &asked).await?;
    ctx.loaders().clear();
    Ok(MarkNotificationsReadPayload {
        marked_count: Some(marked.count),
        notifications: Some(marked.rows.into_iter().map(Notification).collect()),
        viewer: Some(Viewer(viewer)),
        user_errors: Vec::new(),
    })
}

/// The number of one of the viewer's notifications.
fn number(viewer: UserId, id: &ID) -> Result<i64> {
    match GlobalId::decode(id)? {
        GlobalId::Notification(recipient, seq) if recipient == viewer => Ok(seq),
        _ => Err(Error::not_found("notification", "notificationIds")),
    }
}
