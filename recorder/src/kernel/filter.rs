//! The filter's maps.

use std::path::PathBuf;

use abi::Rule;
use aya::{
    Ebpf,
    maps::{Array, HashMap, MapData},
};
use zerocopy::IntoBytes as _;

use super::{LoadError, load::take};
use crate::filter::{Compiled, device_and_inode};

const WORDS: usize = size_of::<Rule>() / 8;

/// The executables that rules name, and who they are now.
pub(super) struct FilterMaps {
    map: HashMap<MapData, [u64; 2], u32>,
    named: Vec<(PathBuf, u32)>,
    entered: Vec<[u64; 2]>,
}

impl FilterMaps {
    /// Hands the rules to the probes.
    pub(super) fn fill(ebpf: &mut Ebpf, filter: &Compiled) -> Result<Self, LoadError> {
        const TABLE: &str = "RULE_TABLE";
        let failed = |source| LoadError::Map { map: TABLE, source: Box::new(source) };
        let table = ebpf.map_mut(TABLE).ok_or(LoadError::Absent(TABLE))?;
        let mut table: Array<_, [u64; WORDS]> = table.try_into().map_err(failed)?;
        for (index, rule) in (0..).zip(&filter.table) {
            let mut words = [0; WORDS];
            words.as_mut_bytes().copy_from_slice(rule.as_bytes());
            table.set(index, words, 0).map_err(failed)?;
        }
        let map = take(ebpf, "EXECUTABLES")?;
        let mut maps = Self { map, named: filter.executables.clone(), entered: Vec::new() };
        maps.refresh();
        Ok(maps)
    }

    /// Looks the executables up. One that is not there leaves nothing out.
    pub(super) fn refresh(&mut self) {
        let mut found: Vec<([u64; 2], u32)> = Vec::new();
        for (path, bits) in &self.named {
            let Some(file) = device_and_inode(path) else { continue };
            match found.iter_mut().find(|(known, _)| *known == file) {
                Some((_, all)) => *all |= bits,
                None => found.push((file, *bits)),
            }
        }
        for gone in self.entered.iter().filter(|key| !found.iter().any(|(file, _)| file == *key)) {
            // It may be gone already, which is what is wanted.
            let _ = self.map.remove(gone);
        }
        self.entered.clear();
        for (file, bits) in found {
            match self.map.insert(file, bits, 0) {
                Ok(()) => self.entered.push(file),
                Err(error) => {
                    tracing::warn!(%error, "an executable of the filter has no room: it is recorded");
                }
            }
        }
    }
}
