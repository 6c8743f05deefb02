use sea_orm_migration::prelude::*;

use crate::dialect::{Layout, create_table, execute};

#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        execute(manager, "ALTER TABLE users ADD COLUMN role SMALLINT NOT NULL DEFAULT 0").await?;
        execute(manager, "ALTER TABLE suspended ADD COLUMN is_leaving BOOLEAN NOT NULL DEFAULT FALSE").await?;
        // How many unread notifications of somebody are by suspended people; and what one person has caused, for the day on
        // which they leave.
        execute(manager, "CREATE INDEX notification_actor ON notification (actor_id, recipient_id)").await?;
        create_table(
            manager,
            Layout::Rowid,
            "CREATE TABLE audit (
                id BIGINT NOT NULL PRIMARY KEY,
                created_at BIGINT NOT NULL,
                origin SMALLINT NOT NULL,
                actor_id BIGINT NULL,
                action SMALLINT NOT NULL,
                user_id BIGINT NULL,
                gate VARCHAR(60) NULL,
                old_value TEXT NULL,
                new_value TEXT NULL)",
        )
        .await?;
        execute(manager, "CREATE INDEX audit_gate ON audit (gate, id)").await?;
        execute(manager, "CREATE INDEX audit_user ON audit (user_id, id)").await?;
        execute(manager, "CREATE INDEX audit_actor ON audit (actor_id, id)").await
    }
}
