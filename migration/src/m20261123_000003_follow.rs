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
            "CREATE TABLE follow (
                follower_id BIGINT NOT NULL,
                followee_id BIGINT NOT NULL,
                id BIGINT NOT NULL,
                created_at BIGINT NOT NULL,
                pushed SMALLINT NOT NULL,
                filled_to BIGINT NOT NULL,
                PRIMARY KEY (follower_id, followee_id))",
        )
        .await?;
        // Fan-out walks the pushed followers of an author; a read asks which edges to pull; then the two public lists.
        execute(manager, "CREATE INDEX follow_fanout ON follow (followee_id, pushed, follower_id)").await?;
        execute(manager, "CREATE INDEX follow_pulled ON follow (follower_id, pushed, followee_id)").await?;
        execute(manager, "CREATE INDEX follow_followers ON follow (followee_id, id)").await?;
        execute(manager, "CREATE INDEX follow_following ON follow (follower_id, id)").await
    }
}
