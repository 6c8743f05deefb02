use sea_orm_migration::prelude::*;

use crate::dialect::execute;

#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        execute(manager, "ALTER TABLE outbox ADD COLUMN trace VARCHAR(64) NULL").await?;
        execute(manager, "ALTER TABLE dead_letter ADD COLUMN trace VARCHAR(64) NULL").await
    }
}
