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
            "CREATE TABLE photo (
                id BIGINT NOT NULL PRIMARY KEY,
                tweet_id BIGINT NOT NULL,
                position SMALLINT NOT NULL,
                name VARCHAR(40) NOT NULL,
                preview VARCHAR(40) NOT NULL,
                width INTEGER NOT NULL,
                height INTEGER NOT NULL,
                alt_text TEXT NOT NULL)",
        )
        .await?;
        execute(manager, "CREATE UNIQUE INDEX photo_place ON photo (tweet_id, position)").await?;
        execute(manager, "ALTER TABLE profile ADD COLUMN avatar VARCHAR(40) NULL").await?;
        // The sweep asks which files of the store somebody still needs.
        execute(manager, "CREATE INDEX photo_name ON photo (name)").await?;
        execute(manager, "CREATE INDEX photo_preview ON photo (preview)").await?;
        execute(manager, "CREATE INDEX profile_avatar ON profile (avatar)").await?;
        create_table(manager, Layout::Clustered, "CREATE TABLE media_trash (name VARCHAR(40) NOT NULL PRIMARY KEY)")
            .await
    }
}
