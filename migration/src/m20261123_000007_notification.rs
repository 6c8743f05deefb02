use sea_orm_migration::prelude::*;

use crate::dialect::{Layout, create_table, execute};

#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        create_table(
            manager,
            Layout::Counters,
            "CREATE TABLE inbox (
                user_id BIGINT NOT NULL PRIMARY KEY,
                last_seq BIGINT NOT NULL,
                unread BIGINT NOT NULL)",
        )
        .await?;
        create_table(
            manager,
            Layout::Clustered,
            "CREATE TABLE notification (
                recipient_id BIGINT NOT NULL,
                seq BIGINT NOT NULL,
                kind SMALLINT NOT NULL,
                subject_id BIGINT NOT NULL,
                actor_id BIGINT NOT NULL,
                created_at BIGINT NOT NULL,
                is_read BOOLEAN NOT NULL,
                is_withdrawn BOOLEAN NOT NULL,
                PRIMARY KEY (recipient_id, seq))",
        )
        .await?;
        execute(
            manager,
            "CREATE UNIQUE INDEX notification_once ON notification (recipient_id, kind, subject_id, actor_id)",
        )
        .await
    }
}
