//! Exits as columns, of packed segments; of others they are streams, a row for each commit.

use std::mem::replace;
use std::sync::Arc;

use event::{Exit, ProcessKey};

use super::decode::boots;
use super::encode::{Each, step, time_step};
use super::stream::{decode_stream, unpack_stream};
use crate::block::{Columns, Form, Layout, Stored};
use crate::bytes::{Damaged, unzigzag};
use crate::limits::EXITS_PER_ROW;

/// Rows of this number and above have columns.
pub const EXIT_COLUMNS_FROM: u64 = 1 << 63;
/// Counts of the directory: exits.
pub const EXIT_COUNTS: usize = 1;
/// Columns.
pub const EXIT_COLUMNS: usize = 6;
/// Bytes: the boots, `u128` big-endian each.
const BOOT_IDS: usize = 0;
/// Over exits: number of the boot.
const BOOTS: usize = 1;
/// Time: step from the one before (the first from 0), as zigzag.
const TIMES: usize = 2;
/// Time minus the process's start, modulo 2^64, as zigzag.
const LIVES: usize = 3;
/// Pid: step from the one before (the first from 0), as zigzag.
const PIDS: usize = 4;
/// 0 if the status was not seen, else one more than it.
const STATUSES: usize = 5;

const RANGE: Damaged = Damaged("an exit's number is out of range");

/// Makes a row of at most [`EXITS_PER_ROW`] exits.
pub fn encode_exits(exits: &[Exit], form: Form) -> Vec<u8> {
    let (mut boots, mut boot_bytes) = (Each::new(), Vec::new());
    let boot = |exit: &Exit| {
        boots.place(exit.process.boot, |boot| boot_bytes.extend_from_slice(&boot.to_be_bytes()))
    };
    let places: Vec<u64> = exits.iter().map(boot).collect();
    let mut columns = Columns::new(form);
    columns.count(exits.len());
    columns.bytes(&boot_bytes);
    columns.numbers(&places, Layout::Varint);
    let mut last = 0;
    let times = exits.iter().map(|exit| time_step(exit.time, replace(&mut last, exit.time)));
    columns.each(times, Layout::Planes);
    let lives = exits.iter().map(|exit| step(exit.time.cast_unsigned(), exit.process.start));
    columns.each(lives, Layout::Planes);
    let mut last = 0;
    let pids = exits.iter().map(|exit| u64::from(exit.process.pid));
    columns.each(pids.map(|pid| step(pid, replace(&mut last, pid))), Layout::Varint);
    let statuses = exits.iter().map(|exit| exit.status.map_or(0, |status| u64::from(status) + 1));
    columns.each(statuses, Layout::Varint);
    columns.finish()
}

/// The exits of a row, by its number.
pub fn decode_exits(number: u64, value: &[u8]) -> Result<Vec<Exit>, Damaged> {
    if number < EXIT_COLUMNS_FROM {
        return decode_stream(&unpack_stream(value)?);
    }
    let stored = Stored::open(Arc::new(value.to_vec()), EXIT_COUNTS, |_| Ok(EXIT_COLUMNS))?;
    let count = stored.count(0);
    if count > EXITS_PER_ROW {
        return Err(Damaged("a row has too many exits"));
    }
    let boots = boots(&stored, BOOT_IDS)?;
    let places = stored.small(BOOTS, count, u64::from(u32::MAX))?;
    let times = stored.first_sums(TIMES, count, count, 0)?;
    let lives = stored.numbers(LIVES, count)?;
    let pids = stored.first_sums(PIDS, count, count, 0)?;
    let statuses = stored.numbers(STATUSES, count)?;
    (0..count)
        .map(|exit| {
            let time = times[exit];
            Ok(Exit {
                process: ProcessKey {
                    boot: *boots.get(places[exit] as usize).ok_or(RANGE)?,
                    start: time.wrapping_sub(unzigzag(lives[exit])).cast_unsigned(),
                    pid: u32::try_from(pids[exit]).map_err(|_| RANGE)?,
                },
                time,
                status: match statuses[exit].checked_sub(1) {
                    None => None,
                    Some(status) => Some(u32::try_from(status).map_err(|_| RANGE)?),
                },
            })
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use event::{Exit, ProcessKey};

    use super::{EXIT_COLUMNS_FROM, decode_exits, encode_exits};
    use crate::block::Form;
    use crate::context::{encode_one, pack_stream};
    use crate::limits::EXITS_PER_ROW;

    fn exit(boot: u128, start: u64, pid: u32, time: i64, status: Option<u32>) -> Exit {
        Exit { process: ProcessKey { boot, start, pid }, time, status }
    }

    #[test]
    fn exits_come_back_from_columns_and_from_streams() {
        let exits = [
            exit(7, 5, 3, 1_790_000_000_000_000_000, Some(0)),
            exit(7, u64::MAX, u32::MAX, i64::MIN, Some(u32::MAX)),
            exit(u128::MAX, 0, 0, i64::MAX, None),
            exit(7, 1, 9, 4, Some(256)),
        ];
        for some in [&exits[..], &exits[..1], &[]] {
            let row = encode_exits(some, Form::Closed(3));
            assert_eq!(decode_exits(EXIT_COLUMNS_FROM, &row).unwrap(), some);
            assert!(decode_exits(0, &row).is_err());
            let stream: Vec<u8> = some.iter().flat_map(encode_one).collect();
            assert_eq!(decode_exits(9, &pack_stream(&stream, 1)).unwrap(), some);
        }
    }

    #[test]
    fn a_row_of_more_than_the_limit_is_damage() {
        let one = exit(7, 5, 3, 9, Some(0));
        let row = |count: usize| encode_exits(&vec![one; count], Form::Passing);
        assert_eq!(decode_exits(EXIT_COLUMNS_FROM, &row(EXITS_PER_ROW)).unwrap().len(), EXITS_PER_ROW);
        assert!(decode_exits(EXIT_COLUMNS_FROM, &row(EXITS_PER_ROW + 1)).is_err());
    }
}
