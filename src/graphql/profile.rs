//! Changing one's profile.

use async_graphql::{Context, InputObject, MaybeUndefined, Object, SimpleObject};

use super::ContextExt;
use super::payload::{UserError, answer, payloads};
use super::upload::Upload;
use super::user::User;
use crate::error::Result;
use crate::limit::rate::Action;
use crate::service::profile::{self, Change, ProfileChange};

/// nickname: 1 to 50 characters; bio: at most 160.
#[derive(InputObject)]
struct UpdateProfileInput {
    /// What others call you. Cannot be null.
    nickname: MaybeUndefined<String>,
    /// What you say of yourself; may be empty, and may have line breaks. Cannot be null.
    bio: MaybeUndefined<String>,
    /// A JPEG, PNG, WebP or GIF image, of which the square in the middle is taken; null removes the one there is.
    avatar: MaybeUndefined<Upload>,
}

/// The user with the new profile.
#[derive(Default, SimpleObject)]
struct UpdateProfilePayload {
    /// The person asking, as everybody sees them.
    user: Option<User>,
    /// What has to be mended; empty when all went well.
    user_errors: Vec<UserError>,
}

payloads!(UpdateProfilePayload);

#[derive(Default)]
pub struct ProfileMutation;

#[Object]
impl ProfileMutation {
    /// Changes what one shows of oneself. Fields left out stay as they are; avatar: null removes it.
    async fn update_profile(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "What is to change.")] input: UpdateProfileInput,
    ) -> Option<Result<UpdateProfilePayload>> {
        answer(update(ctx, input).await)
    }
}

async fn update(ctx: &Context<'_>, input: UpdateProfileInput) -> Result<UpdateProfilePayload> {
    let files = usize::from(matches!(input.avatar, MaybeUndefined::Value(_)));
    let viewer = ctx.charge(&[(Action::Uploads, files)]).await?;
    let change = ProfileChange {
        nickname: change(input.nickname),
        bio: change(input.bio),
        avatar: change(input.avatar.map_value(|file| file.0)),
    };
    profile::update(ctx.app(), viewer.user, change).await?;
    ctx.loaders().clear();
    Ok(UpdateProfilePayload { user: Some(User(viewer.user)), user_errors: Vec::new() })
}

fn change<T>(given: MaybeUndefined<T>) -> Change<T> {
    match given {
        MaybeUndefined::Undefined => Change::Keep,
        MaybeUndefined::Null => Change::Remove,
        MaybeUndefined::Value(value) => Change::Set(value),
    }
}
