//! `GenerationCache`, a bounded map that forgets what was not asked for lately; what it holds
//! can be read again from the key file.

use std::collections::HashMap;
use std::hash::Hash;

/// A map of at most twice `generation` entries. When the young generation is full it becomes the
/// old one, and the old one is forgotten; what is asked for becomes young again.
#[derive(Debug)]
pub(crate) struct GenerationCache<K, V> {
    generation: usize,
    young: HashMap<K, V>,
    old: HashMap<K, V>,
}

impl<K: Hash + Eq + Clone, V: Clone> GenerationCache<K, V> {
    pub(crate) fn new(generation: usize) -> Self {
        Self {
            generation,
            young: HashMap::new(),
            old: HashMap::new(),
        }
    }

    pub(crate) fn get(&mut self, key: &K) -> Option<V> {
        if let Some(value) = self.young.get(key) {
            return Some(value.clone());
        }
        let (key, value) = self.old.remove_entry(key)?;
        self.insert(key, value.clone());
        Some(value)
    }

    pub(crate) fn insert(&mut self, key: K, value: V) {
        if self.young.len() >= self.generation {
            self.old = std::mem::take(&mut self.young);
        }
        self.young.insert(key, value);
    }

    pub(crate) fn clear(&mut self) {
        self.young.clear();
        self.old.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_keeps_what_is_asked_for_and_stays_small() {
        let mut cache = GenerationCache::new(4);
        cache.insert(0, "kept");
        for key in 1..100 {
            cache.insert(key, "");
            assert_eq!(cache.get(&0), Some("kept"));
            assert!(cache.young.len() + cache.old.len() <= 8);
        }
        assert_eq!(cache.get(&1), None);
    }
}
