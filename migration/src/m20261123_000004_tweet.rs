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
            "CREATE TABLE tweet (
                id BIGINT NOT NULL PRIMARY KEY,
                author_id BIGINT NOT NULL,
                content TEXT NOT NULL,
                created_at BIGINT NOT NULL,
                deleted_at BIGINT NULL)",
        )
        .await?;
        execute(manager, "CREATE INDEX tweet_author ON tweet (author_id, id)").await?;
        create_table(
            manager,
            Layout::Clustered,
            "CREATE TABLE idempotency (
                user_id BIGINT NOT NULL,
                idempotency_key VARCHAR(100) NOT NULL,
                input_hash VARCHAR(64) NOT NULL,
                result_id BIGINT NOT NULL,
                created_at BIGINT NOT NULL,
                PRIMARY KEY (user_id, idempotency_key))",
        )
        .await?;
        execute(manager, "CREATE INDEX idempotency_age ON idempotency (created_at)").await
    }
}
