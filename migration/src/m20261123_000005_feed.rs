use sea_orm_migration::prelude::*;

use crate::dialect::{Layout, create_table};

#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        // No other index and no foreign key: both would double the price of an entry, and there are more entries than
        // anything else.
        create_table(
            manager,
            Layout::Clustered,
            "CREATE TABLE feed_entry (
                user_id BIGINT NOT NULL,
                tweet_id BIGINT NOT NULL,
                author_id BIGINT NOT NULL,
                PRIMARY KEY (user_id, tweet_id))",
        )
        .await
    }
}
