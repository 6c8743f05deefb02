use sea_orm_migration::prelude::*;
use sea_orm_migration::sea_orm::DbBackend;

use crate::dialect::execute;

/// What one person likes, by what it is: the newest tweets among it are what a page asks for.
#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let drop = match manager.get_database_backend() {
            DbBackend::MySql => "DROP INDEX liked_user ON liked",
            _ => "DROP INDEX liked_user",
        };
        execute(manager, drop).await?;
        execute(manager, "CREATE INDEX liked_by ON liked (user_id, subject_kind, subject_id)").await
    }
}
