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
            "CREATE TABLE node (
                id SMALLINT NOT NULL PRIMARY KEY,
                owner BIGINT NOT NULL,
                leased_until BIGINT NOT NULL)",
        )
        .await
    }
}
