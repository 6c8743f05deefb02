use sea_orm_migration::prelude::*;

use crate::dialect::execute;

/// What one person likes, by what it is: the newest tweets among it are what a page asks for. The index that it takes the place of,
/// `liked_user`, stays: to drop it would lock out whoever reads `liked` while this one is made, and an older version may be running.
#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        execute(manager, "CREATE INDEX liked_by ON liked (user_id, subject_kind, subject_id)").await
    }
}
