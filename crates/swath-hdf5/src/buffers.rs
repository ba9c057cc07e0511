//! Buffers that are used again: making room for a chunk and zeroing it costs a tenth of inflating it.

use std::sync::{Mutex, PoisonError};

/// Most buffers that are kept for the next chunk.
const MAX_KEPT: usize = 16;
/// Longest buffer that is kept.
const MAX_LENGTH: usize = 4 << 20;

/// Buffers that one plan's pieces hand on to each other. They are freed with the plan.
#[derive(Debug, Default)]
pub(crate) struct Buffers(Mutex<Vec<Vec<u8>>>);

impl Buffers {
    /// A buffer of that length with anything in it.
    pub(crate) fn take(&self, length: usize) -> Vec<u8> {
        let kept = self.0.lock().unwrap_or_else(PoisonError::into_inner).pop();
        match kept {
            Some(mut buffer) => {
                buffer.resize(length, 0);
                buffer
            }
            None => vec![0; length],
        }
    }

    /// Keeps a buffer for the next piece, unless there are enough.
    pub(crate) fn give(&self, buffer: Vec<u8>) {
        if buffer.is_empty() || buffer.capacity() > MAX_LENGTH {
            return;
        }
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if kept.len() < MAX_KEPT {
            kept.push(buffer);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn buffers_are_used_again_and_few_are_kept() {
        let buffers = Buffers::default();
        buffers.give(vec![1; 100]);
        let again = buffers.take(60);
        assert_eq!((again.len(), again.capacity(), again[0]), (60, 100, 1));
        assert_eq!(buffers.take(8), [0; 8]);
        for _ in 0..MAX_KEPT + 5 {
            buffers.give(vec![2; 10]);
        }
        buffers.give(vec![0; MAX_LENGTH + 1]);
        assert_eq!(buffers.0.lock().unwrap().len(), MAX_KEPT);
    }
}
