//! bpf(2): the map and the program, and which helpers a loaded program calls.

use std::collections::BTreeSet;

use abi::{BpfFacts, PartTag, part_flags};
use event::{Bpf, BpfMap, BpfProgram, Detail, Event, Kind};

use super::{Call, Converter, event};
use crate::process::{Output, display};

/// `enum bpf_cmd` (include/uapi/linux/bpf.h).
const MAP_CREATE: u32 = 0;
const PROG_LOAD: u32 = 5;
/// Bytes of `struct bpf_insn`.
const INSTRUCTION: usize = 8;

impl Converter {
    pub(super) fn bpf(&mut self, call: Call<'_>, out: &mut Output) -> Event {
        let (context, _) = self.table.acting(call.id, out);
        // A `bpf_cmd` is an int.
        let command = u32::try_from(call.body.args[0] & 0xffff_ffff).unwrap_or_default();
        let attributes = Attributes(call.record.part(PartTag::Memory).unwrap_or_default().0);
        let mut map = call.record.bpf_map().map(|facts| map_of(&facts));
        let mut program = call.record.bpf_program().map(|facts| program_of(&facts));
        match command {
            MAP_CREATE => map = map.or_else(|| attributes.map()),
            PROG_LOAD => {
                program = program.or_else(|| attributes.program());
                if let Some(program) = &mut program {
                    let (bytes, flags) = call.record.part(PartTag::Instructions).unwrap_or_default();
                    program.helpers = helpers(bytes);
                    program.helpers_truncated = flags & (part_flags::TRUNCATED | part_flags::FAULT) != 0;
                }
            }
            _ => {}
        }
        Event {
            detail: Detail::Bpf(Box::new(Bpf { command, map, program })),
            ..event(call.id, Kind::Bpf, context)
        }
    }
}

/// `union bpf_attr` as far as the record has it: what a refused call asked for.
struct Attributes<'a>(&'a [u8]);

impl Attributes<'_> {
    /// What the caller did not pass is zero.
    fn word(&self, at: usize) -> u32 {
        let word = self.0.get(at..at + 4).and_then(|bytes| bytes.try_into().ok());
        word.map_or(0, u32::from_ne_bytes)
    }

    fn name(&self, at: usize) -> String {
        // `BPF_OBJ_NAME_LEN`, as much of it as was passed.
        let end = self.0.len().min(at + 16);
        name(self.0.get(at..end).unwrap_or_default())
    }

    fn map(&self) -> Option<BpfMap> {
        (!self.0.is_empty()).then(|| BpfMap { id: 0, name: self.name(28), kind: self.word(0) })
    }

    fn program(&self) -> Option<BpfProgram> {
        (!self.0.is_empty()).then(|| BpfProgram {
            name: self.name(48),
            kind: self.word(0),
            attach: self.word(68),
            ..BpfProgram::default()
        })
    }
}

fn map_of(facts: &BpfFacts) -> BpfMap {
    BpfMap { id: facts.id, name: name(&facts.name), kind: facts.kind }
}

fn program_of(facts: &BpfFacts) -> BpfProgram {
    BpfProgram {
        id: facts.id,
        name: name(&facts.name),
        tag: facts.tag,
        kind: facts.kind,
        attach: facts.attach,
        ..BpfProgram::default()
    }
}

fn name(bytes: &[u8]) -> String {
    display(bytes.split(|byte| *byte == 0).next().unwrap_or_default())
}

/// Numbers of the helpers that instructions call, ascending. Calls of the program's own functions and of kernel functions
/// have another source register (`BPF_PSEUDO_CALL`, `BPF_PSEUDO_KFUNC_CALL`).
fn helpers(instructions: &[u8]) -> Vec<u32> {
    /// `BPF_JMP | BPF_CALL`.
    const CALL: u8 = 0x85;
    let called: BTreeSet<u32> = instructions
        .chunks_exact(INSTRUCTION)
        .filter(|bytes| bytes[0] == CALL && bytes[1] >> 4 == 0)
        .filter_map(|bytes| bytes[4..].try_into().ok().map(u32::from_ne_bytes))
        .collect();
    called.into_iter().collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn helpers_are_told_once_each_and_in_order_and_other_calls_are_none() {
        let call = |source: u8, number: u32| {
            let mut bytes = vec![0x85, source << 4, 0, 0];
            bytes.extend(number.to_ne_bytes());
            bytes
        };
        let other = vec![0xb7, 0, 0, 0, 1, 0, 0, 0];
        let all = [call(0, 130), other, call(0, 6), call(1, 77), call(2, 99), call(0, 130)].concat();
        assert_eq!(helpers(&all), [6, 130]);
        assert_eq!(helpers(&all[..15]), [130]);
        assert_eq!(helpers(&[]), [0; 0]);
    }

    proptest! {
        #[test]
        fn whatever_was_passed_is_read_without_a_panic(bytes in proptest::collection::vec(any::<u8>(), 0..90)) {
            let attributes = Attributes(&bytes);
            let _ = (attributes.map(), attributes.program(), helpers(&bytes));
        }
    }
}
