//! The error of a failed request to the log.

use rdkafka::error::KafkaError;

/// The error of a failed request, as the client describes it.
#[derive(Debug, thiserror::Error)]
#[error(transparent)]
pub struct LogError(#[from] KafkaError);

impl LogError {
    #[cfg(test)]
    pub fn of_a_test() -> Self {
        Self(KafkaError::Canceled)
    }

    /// For transactions: whether the same request may succeed soon.
    pub fn is_retriable(&self) -> bool {
        matches!(&self.0, KafkaError::Transaction(error) if error.is_retriable())
    }

    /// For transactions: whether this producer can never use a transaction again.
    pub fn is_fatal(&self) -> bool {
        matches!(&self.0, KafkaError::Transaction(error) if error.is_fatal())
    }
}
