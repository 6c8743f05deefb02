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
            "CREATE TABLE liked (
                subject_kind SMALLINT NOT NULL,
                subject_id BIGINT NOT NULL,
                user_id BIGINT NOT NULL,
                id BIGINT NOT NULL,
                created_at BIGINT NOT NULL,
                PRIMARY KEY (subject_kind, subject_id, user_id))",
        )
        .await?;
        // The public list; and what one person likes, for the day on which they leave.
        execute(manager, "CREATE INDEX liked_subject ON liked (subject_kind, subject_id, id)").await?;
        execute(manager, "CREATE INDEX liked_user ON liked (user_id, id)").await
    }
}
