use sea_orm_migration::prelude::*;

use crate::dialect::{Layout, create_table, execute};

#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        create_table(
            manager,
            Layout::Clustered,
            "CREATE TABLE gate (
                name VARCHAR(60) NOT NULL PRIMARY KEY,
                percent SMALLINT NOT NULL,
                description TEXT NOT NULL)",
        )
        .await?;
        create_table(
            manager,
            Layout::Clustered,
            "CREATE TABLE gate_user (
                gate VARCHAR(60) NOT NULL,
                user_id BIGINT NOT NULL,
                is_allowed BOOLEAN NOT NULL,
                PRIMARY KEY (gate, user_id))",
        )
        .await?;
        execute(manager, "CREATE INDEX gate_user_user ON gate_user (user_id)").await
    }
}
