//! The only place that changes tables. Expand first, contract a release later; no data, no entity imports.

mod dialect;
mod m20261123_000001_user;
mod m20261123_000002_session;
mod m20261123_000003_follow;
mod m20261123_000004_tweet;
mod m20261123_000005_feed;
mod m20261123_000006_outbox;
mod m20261123_000007_notification;
mod m20261123_000008_node;
mod m20261123_000009_comment;
mod m20261123_000010_liked;
mod m20261123_000011_notification_tweet;
mod m20261123_000020_media;
mod m20261123_000040_administration;
mod m20261123_000041_gate;
mod m20261123_000050_trace;
mod m20261124_000051_outbox_lease;
mod m20261129_000052_liked_by;

pub use sea_orm_migration::SchemaManager;
use sea_orm_migration::prelude::*;
use sea_orm_migration::sea_orm::DatabaseTransaction;

/// Brings the tables up to date within a transaction. Whoever comes while another process does the same waits for it.
///
/// # Errors
/// Whatever the database says.
pub async fn up(tx: &DatabaseTransaction) -> Result<(), DbErr> {
    dialect::lock(tx).await?;
    let done = Migrator::up(tx, None).await;
    // Before the connection is used for something else, whatever came of it.
    dialect::unlock(tx).await?;
    done
}

/// Every migration in the order in which they are applied.
struct Migrator;

#[async_trait::async_trait]
impl MigratorTrait for Migrator {
    fn migrations() -> Vec<Box<dyn MigrationTrait>> {
        vec![
            Box::new(m20261123_000001_user::Migration),
            Box::new(m20261123_000002_session::Migration),
            Box::new(m20261123_000003_follow::Migration),
            Box::new(m20261123_000004_tweet::Migration),
            Box::new(m20261123_000005_feed::Migration),
            Box::new(m20261123_000006_outbox::Migration),
            Box::new(m20261123_000007_notification::Migration),
            Box::new(m20261123_000008_node::Migration),
            Box::new(m20261123_000009_comment::Migration),
            Box::new(m20261123_000010_liked::Migration),
            Box::new(m20261123_000011_notification_tweet::Migration),
            Box::new(m20261123_000020_media::Migration),
            Box::new(m20261123_000040_administration::Migration),
            Box::new(m20261123_000041_gate::Migration),
            Box::new(m20261123_000050_trace::Migration),
            Box::new(m20261124_000051_outbox_lease::Migration),
            Box::new(m20261129_000052_liked_by::Migration),
        ]
    }
}
