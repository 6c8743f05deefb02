use sea_orm_migration::prelude::*;
use sea_orm_migration::sea_orm::DbBackend;

use crate::dialect::execute;

/// What is taken is found without looking at what others have taken: the rows that are free stand together.
#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let drop = match manager.get_database_backend() {
            DbBackend::MySql => "DROP INDEX outbox_lease ON outbox",
            _ => "DROP INDEX outbox_lease",
        };
        execute(manager, drop).await?;
        execute(manager, "CREATE INDEX outbox_free ON outbox (leased_until, due_at, id)").await
    }
}
