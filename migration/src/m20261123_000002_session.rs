use sea_orm_migration::prelude::*;

use crate::dialect::{Layout, create_table, execute};

#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        create_table(
            manager,
            Layout::Rowid,
            "CREATE TABLE session (
                id BIGINT NOT NULL PRIMARY KEY,
                user_id BIGINT NOT NULL,
                token_hash VARCHAR(64) NOT NULL UNIQUE,
                user_agent VARCHAR(400) NULL,
                created_at BIGINT NOT NULL,
                last_seen_at BIGINT NOT NULL)",
        )
        .await?;
        execute(manager, "CREATE INDEX session_owner ON session (user_id, id)").await
    }
}
