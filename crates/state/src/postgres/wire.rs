//! NOTIFY and LISTEN. Through a pooler that hands connections on after each transaction nobody hears anything.

use async_trait::async_trait;
use sqlx::postgres::PgListener;

use super::PostgresStore;
use crate::StateError;
use crate::wire::{Listener, Overheard, Wire};

const CHANNEL: &str = "crisislens";
/// PostgreSQL takes less than 8,000.
const LONGEST: usize = 7_999;

#[async_trait]
impl Wire for PostgresStore {
    fn longest(&self) -> usize {
        LONGEST
    }

    async fn say(&self, message: &str) -> Result<(), StateError> {
        sqlx::query("SELECT pg_notify($1, $2)").bind(CHANNEL).bind(message).execute(&self.wire).await?;
        Ok(())
    }

    async fn listen(&self) -> Result<Box<dyn Listener>, StateError> {
        let mut listener = PgListener::connect_with(&self.wire).await?;
        listener.listen(CHANNEL).await?;
        Ok(Box::new(Ear(listener)))
    }
}

struct Ear(PgListener);

#[async_trait]
impl Listener for Ear {
    async fn next(&mut self) -> Result<Overheard, StateError> {
        let heard = self.0.try_recv().await?;
        Ok(heard.map_or(Overheard::Gap, |message| Overheard::Message(message.payload().to_owned())))
    }
}
