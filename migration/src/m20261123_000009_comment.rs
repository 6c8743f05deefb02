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
            "CREATE TABLE comment (
                id BIGINT NOT NULL PRIMARY KEY,
                tweet_id BIGINT NOT NULL,
                author_id BIGINT NOT NULL,
                content TEXT NOT NULL,
                created_at BIGINT NOT NULL,
                edited_at BIGINT NULL)",
        )
        .await?;
        // The public list; and what one person has written, for the day on which they leave.
        execute(manager, "CREATE INDEX comment_tweet ON comment (tweet_id, id)").await?;
        execute(manager, "CREATE INDEX comment_author ON comment (author_id, id)").await?;
        // Counters stand apart: no index names them, so PostgreSQL keeps their changes on the page (HOT).
        create_table(
            manager,
            Layout::Counters,
            "CREATE TABLE tweet_stats (
                tweet_id BIGINT NOT NULL PRIMARY KEY,
                like_count BIGINT NOT NULL,
                comment_count BIGINT NOT NULL)",
        )
        .await?;
        create_table(
            manager,
            Layout::Counters,
            "CREATE TABLE comment_stats (
                comment_id BIGINT NOT NULL PRIMARY KEY,
                like_count BIGINT NOT NULL)",
        )
        .await
    }
}
