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
            "CREATE TABLE outbox (
                id BIGINT NOT NULL PRIMARY KEY,
                payload TEXT NOT NULL,
                attempts INTEGER NOT NULL,
                due_at BIGINT NOT NULL,
                leased_by BIGINT NOT NULL,
                leased_until BIGINT NOT NULL,
                created_at BIGINT NOT NULL)",
        )
        .await?;
        execute(manager, "CREATE INDEX outbox_due ON outbox (due_at, id)").await?;
        execute(manager, "CREATE INDEX outbox_lease ON outbox (leased_by, leased_until)").await?;
        create_table(
            manager,
            Layout::Rowid,
            "CREATE TABLE dead_letter (
                id BIGINT NOT NULL PRIMARY KEY,
                payload TEXT NOT NULL,
                attempts INTEGER NOT NULL,
                error TEXT NOT NULL,
                created_at BIGINT NOT NULL,
                died_at BIGINT NOT NULL)",
        )
        .await
    }
}
