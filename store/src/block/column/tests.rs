//! Columns, there and back.

use std::sync::Arc;

use proptest::prelude::*;

use super::{Columns, Form, Layout, Stored};

fn stored(columns: &[Vec<u64>], bytes: &[u8], form: Form, layout: Layout) -> Vec<u8> {
    let mut out = Columns::new(form);
    out.count(columns.len());
    for column in columns {
        out.numbers(column, layout);
    }
    out.bytes(bytes);
    out.finish()
}

proptest! {
    #[test]
    fn columns_come_back_in_every_layout(
        columns in prop::collection::vec(prop::collection::vec((any::<u64>(), 0_u32..64), 0..80), 1..4),
        bytes in prop::collection::vec(any::<u8>(), 0..80),
        closed: bool,
        even: bool,
        some: prop::sample::Index,
    ) {
        let number = |(n, shift)| n >> shift << u32::from(even);
        let columns: Vec<Vec<u64>> =
            columns.into_iter().map(|column| column.into_iter().map(number).collect()).collect();
        let form = if closed { Form::Closed(3) } else { Form::Open };
        for layout in [Layout::Varint, Layout::Fixed, Layout::Planes, Layout::Buckets] {
            let value = stored(&columns, &bytes, form, layout);
            let found = Stored::open(Arc::new(value), 1, |_| Ok(columns.len() + 1)).unwrap();
            prop_assert_eq!(found.count(0), columns.len());
            for (place, column) in columns.iter().enumerate() {
                prop_assert_eq!(&found.numbers(place, column.len()).unwrap(), column);
                let some = some.index(column.len() + 1);
                let first = found.first_numbers(place, column.len(), some).unwrap();
                prop_assert_eq!(&first, &column[..some]);
                let looked_up = found.lookup(place, column.len()).unwrap();
                prop_assert_eq!(&looked_up.iter().collect::<Vec<_>>(), column);
            }
            prop_assert_eq!(&found.bytes(columns.len()).unwrap(), &bytes);
        }
    }

    #[test]
    fn a_changed_byte_is_noticed_or_harmless(at: prop::sample::Index, bit in 0_u8..8) {
        let column: Vec<u64> = (0..300).map(|n| n * n % 1000).collect();
        let mut value = stored(std::slice::from_ref(&column), b"some bytes", Form::Open, Layout::Planes);
        let at = at.index(value.len());
        value[at] ^= 1 << bit;
        if let Ok(found) = Stored::open(Arc::new(value.clone()), 1, |_| Ok(2)) {
            prop_assert!(found.numbers(0, 300).map_or(true, |numbers| numbers == column));
            prop_assert!(found.bytes(1).map_or(true, |bytes| bytes == b"some bytes"));
        }
    }

    #[test]
    fn any_bytes_are_read_or_refused(value in prop::collection::vec(any::<u8>(), 0..200)) {
        if let Ok(found) = Stored::open(Arc::new(value), 2, |_| Ok(3)) {
            for column in 0..3 {
                let _ = found.numbers(column, 10);
                let _ = found.bytes(column);
            }
        }
    }
}

#[test]
fn a_column_of_one_value_takes_two_bytes_and_no_memory_is_claimed_for_more_than_a_block() {
    let value = stored(&[vec![7; 100_000]], &[], Form::Open, Layout::Planes);
    assert!(value.len() < 16);
    let found = Stored::open(Arc::new(value.clone()), 1, |_| Ok(2)).unwrap();
    assert_eq!(found.numbers(0, 3).unwrap(), [7, 7, 7]);
    assert!(found.numbers(0, usize::MAX / 8).is_err());
}
