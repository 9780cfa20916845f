//! The images of a chunk. Their texts are long and seldom asked for: they are unpacked when one is.

use std::sync::OnceLock;

use event::Image;

use super::decode::{RANGE, text};
use super::objects::{Objects, Sort, Sorts};
use super::place::{
    ARGUMENT_COUNTS, ARGUMENTS, CUT, ENVIRONMENT_TEXTS, ENVIRONMENTS, EXECUTABLES, INTERPRETERS,
};
use crate::block::Stored;
use crate::bytes::{Damaged, Input};

/// An image without its texts.
#[derive(Clone, Copy, Debug)]
struct ImageRow {
    executable: u32,
    interpreter: u32,
    cut: u8,
    arguments: u32,
    environment: u32,
}

/// Texts of images: what is long, and seldom asked for.
#[derive(Debug)]
struct Lists {
    /// Of each image.
    arguments: Texts,
    /// Each with how many texts it has before it.
    environments: Texts,
}

/// Lists of texts, one after the other.
#[derive(Debug)]
struct Texts {
    bytes: Vec<u8>,
    /// Where each list begins.
    starts: Vec<u32>,
}

impl Texts {
    /// `next` tells how many texts the next list has, and may read that from the input; `None` if there is none.
    fn new(
        bytes: Vec<u8>,
        mut next: impl FnMut(&mut Input<'_>) -> Option<Result<usize, Damaged>>,
    ) -> Result<Self, Damaged> {
        let (mut input, mut starts, mut start) = (Input(&bytes), Vec::new(), 0);
        while let Some(count) = next(&mut input) {
            starts.push(u32::try_from(start).map_err(|_| RANGE)?);
            for _ in 0..count? {
                input.bytes()?;
            }
            start = bytes.len() - input.0.len();
        }
        Ok(Self { bytes, starts })
    }

    /// From where a list begins.
    fn at(&self, place: u32) -> Result<Input<'_>, Damaged> {
        let start = *self.starts.get(place as usize).ok_or(RANGE)?;
        self.bytes.get(start as usize..).map(Input).ok_or(RANGE)
    }
}

/// The images of a chunk, by number.
#[derive(Debug)]
pub struct Images {
    rows: Vec<ImageRow>,
    lists: OnceLock<Result<Lists, Damaged>>,
}

fn texts(input: &mut Input<'_>, count: usize) -> Result<Vec<String>, Damaged> {
    (0..count).map(|_| Ok(text(input.bytes()?)?.to_owned())).collect()
}

impl Images {
    /// From a stored chunk of so many images.
    pub fn read(stored: &Stored, count: usize, sorts: &mut Sorts<'_>) -> Result<Self, Damaged> {
        let mut rows = Vec::with_capacity(count);
        let column = |column| stored.small(column, count, u64::from(u32::MAX));
        let (executables, interpreters) = (column(EXECUTABLES)?, column(INTERPRETERS)?);
        let (cut, arguments, environments) = (column(CUT)?, column(ARGUMENT_COUNTS)?, column(ENVIRONMENTS)?);
        for place in 0..count {
            let image = ImageRow {
                executable: executables[place],
                interpreter: interpreters[place],
                cut: u8::try_from(cut[place]).map_err(|_| RANGE)?,
                arguments: arguments[place],
                environment: environments[place],
            };
            sorts.is(image.executable, Sort::File)?;
            if let Some(interpreter) = image.interpreter.checked_sub(1) {
                sorts.is(interpreter, Sort::File)?;
            }
            rows.push(image);
        }
        Ok(Self { rows, lists: OnceLock::new() })
    }

    /// How many.
    pub const fn len(&self) -> usize {
        self.rows.len()
    }

    /// Bytes in memory, about; texts are counted whether they are unpacked or not.
    pub fn size(&self, stored: &Stored) -> usize {
        let texts = stored.unpacked_len(ARGUMENTS) + stored.unpacked_len(ENVIRONMENT_TEXTS);
        self.rows.len() * size_of::<ImageRow>() + texts
    }

    /// The executable of an image: number of the object.
    pub fn executable(&self, image: u32) -> Option<u32> {
        self.rows.get(image as usize).map(|row| row.executable)
    }

    fn lists(&self, stored: &Stored) -> Result<&Lists, Damaged> {
        let lists = self.lists.get_or_init(|| {
            let mut images = self.rows.iter();
            // Before its arguments each has argument 0.
            let arguments = |_: &mut Input<'_>| images.next().map(|image| Ok(image.arguments as usize + 1));
            let environments = |input: &mut Input<'_>| (!input.0.is_empty()).then(|| input.count());
            Ok(Lists {
                arguments: Texts::new(stored.bytes(ARGUMENTS)?, arguments)?,
                environments: Texts::new(stored.bytes(ENVIRONMENT_TEXTS)?, environments)?,
            })
        });
        lists.as_ref().map_err(|damaged| *damaged)
    }

    /// An image.
    pub fn get(&self, place: u32, stored: &Stored, objects: &Objects) -> Result<Image, Damaged> {
        let image = self.rows.get(place as usize).ok_or(RANGE)?;
        let lists = self.lists(stored)?;
        let mut input = lists.arguments.at(place)?;
        let argv0 = text(input.bytes()?)?.to_owned();
        let args = texts(&mut input, image.arguments as usize)?;
        let mut input = lists.environments.at(image.environment)?;
        let count = input.count()?;
        let envs = texts(&mut input, count)?;
        let interpreter =
            image.interpreter.checked_sub(1).map(|file| objects.file(file).ok_or(RANGE)).transpose()?;
        Ok(Image {
            executable: objects.file(image.executable).ok_or(RANGE)?.clone(),
            interpreter: interpreter.cloned(),
            argv0,
            args,
            args_truncated: image.cut & 1 != 0,
            envs,
            envs_truncated: image.cut & 2 != 0,
        })
    }
}
