//! What the client of a log says of a request that failed.

use rdkafka::error::KafkaError;

/// A request that failed, in the client's own words.
#[derive(Debug, thiserror::Error)]
#[error(transparent)]
pub struct LogError(#[from] KafkaError);

impl LogError {
    #[cfg(test)]
    pub fn of_a_test() -> Self {
        Self(KafkaError::Canceled)
    }

    /// Of a transaction: the same request may succeed soon.
    pub fn is_retriable(&self) -> bool {
        matches!(&self.0, KafkaError::Transaction(error) if error.is_retriable())
    }

    /// Of a transaction: this producer can go on with none any more.
    pub fn is_fatal(&self) -> bool {
        matches!(&self.0, KafkaError::Transaction(error) if error.is_fatal())
    }
}
