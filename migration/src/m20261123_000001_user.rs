use sea_orm_migration::prelude::*;

use crate::dialect::{Layout, create_table};

#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        create_table(
            manager,
            Layout::Rowid,
            "CREATE TABLE users (
                id BIGINT NOT NULL PRIMARY KEY,
                username VARCHAR(20) NOT NULL UNIQUE,
                email VARCHAR(254) NOT NULL UNIQUE,
                password_hash VARCHAR(255) NOT NULL,
                created_at BIGINT NOT NULL)",
        )
        .await?;
        create_table(
            manager,
            Layout::Rowid,
            "CREATE TABLE profile (
                user_id BIGINT NOT NULL PRIMARY KEY,
                nickname VARCHAR(200) NULL,
                bio TEXT NOT NULL)",
        )
        .await?;
        create_table(
            manager,
            Layout::Counters,
            // PostgreSQL keeps the changes of a counter on the page (HOT) as long as no index names it.
            "CREATE TABLE user_stats (
                user_id BIGINT NOT NULL PRIMARY KEY,
                tweet_count BIGINT NOT NULL,
                follower_count BIGINT NOT NULL,
                following_count BIGINT NOT NULL,
                last_tweet_id BIGINT NOT NULL)",
        )
        .await?;
        create_table(manager, Layout::Rowid, "CREATE TABLE suspended (user_id BIGINT NOT NULL PRIMARY KEY)").await
    }
}
