//! What people show of themselves.

use bytes::Bytes;
use entity::{UserId, profile};
use sea_orm::{
    ActiveValue::{NotSet, Set},
    ColumnTrait, EntityTrait, QueryFilter, QuerySelect,
};

use crate::app::App;
use crate::cache;
use crate::error::{Error, Result, UserErrorCode};
use crate::media::MediaName;
use crate::service::check::{self, Faults};
use crate::service::{media, suspension};

/// What is to become of one field.
#[derive(Clone, Debug, Default)]
pub enum Change<T> {
    #[default]
    Keep,
    Remove,
    Set(T),
}

/// What somebody changes of their profile.
#[derive(Clone, Debug, Default)]
pub struct ProfileChange {
    pub nickname: Change<String>,
    pub bio: Change<String>,
    /// An image file.
    pub avatar: Change<Bytes>,
}

/// The same, checked, and with the new picture in the store.
struct Checked {
    nickname: Option<String>,
    bio: Option<String>,
    avatar: Option<Option<MediaName>>,
}

/// Changes a profile; fields that are kept stay as they are.
///
/// # Errors
/// All that is wrong with it; UNAVAILABLE when too many pictures are being worked on.
pub async fn update(app: &App, user: UserId, change: ProfileChange) -> Result<()> {
    let checked = check(app, change).await?;
    let done = app.db.retry(|| update_once(app, user, &checked)).await;
    if let (Err(_), Some(Some(stored))) = (&done, checked.avatar) {
        media::discard(app, &[stored]).await;
    }
    app.bus.wake();
    done
}

async fn check(app: &App, change: ProfileChange) -> Result<Checked> {
    let mut faults = Faults::default();
    let nickname = faults.keep(text(change.nickname, "nickname", "The nickname", check::nickname))?.flatten();
    let bio = faults.keep(text(change.bio, "bio", "The bio", check::bio))?.flatten();
    let picture = match change.avatar {
        Change::Keep => None,
        Change::Remove => Some(None),
        Change::Set(file) => {
            let developed = app.media.darkroom.avatar(file).await;
            faults.keep(developed.map_err(|error| media::fault(error, "avatar".to_owned(), "The avatar")))?.map(Some)
        }
    };
    faults.finish()?;
    let avatar = match picture {
        Some(Some(picture)) => Some(media::put(app, vec![picture]).await?.pop()),
        Some(None) => Some(None),
        None => None,
    };
    Ok(Checked { nickname, bio, avatar })
}

/// A text that may be changed but not removed.
fn text(
    change: Change<String>,
    field: &'static str,
    what: &str,
    check: impl Fn(&str) -> Result<String>,
) -> Result<Option<String>> {
    match change {
        Change::Keep => Ok(None),
        Change::Set(text) => check(&text).map(Some),
        Change::Remove => {
            let message = format!("{what} cannot be null. Leave it out to keep it.");
            Err(Error::user(UserErrorCode::Invalid, field, message))
        }
    }
}

async fn update_once(app: &App, user: UserId, change: &Checked) -> Result<()> {
    let changed = profile::ActiveModel {
        nickname: change.nickname.clone().map_or(NotSet, |nickname| Set(Some(nickname))),
        bio: change.bio.clone().map_or(NotSet, Set),
        avatar: change.avatar.map_or(NotSet, |avatar| Set(avatar.map(|name| name.to_string()))),
        ..Default::default()
    };
    if changed == profile::ActiveModel::default() {
        return Ok(());
    }
    let tx = app.db.begin().await?;
    suspension::lock_active(&tx, user).await?;
    // Locked, so that of two new avatars the second finds the first one to remove.
    let before = profile::Entity::find_by_id(user).lock_exclusive().one(&tx).await?.ok_or(Error::Unauthenticated)?;
    profile::Entity::update_many().set(changed).filter(profile::Column::UserId.eq(user)).exec(&tx).await?;
    tx.changed(cache::Change::Person(user));
    if change.avatar.is_some() {
        media::trash(app, &tx, before.avatar).await?;
    }
    app.failpoints.pass("profile: before commit").await;
    Ok(tx.commit().await?)
}
