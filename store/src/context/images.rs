//! The images of a chunk. Their texts are long and seldom asked for: they are unpacked when one is.

use std::sync::OnceLock;

use event::{File, Image};

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
    arguments: Vec<u8>,
    /// Where each image's begin.
    starts: Vec<u32>,
    environments: Vec<u8>,
    /// Likewise of each environment.
    begins: Vec<u32>,
}

/// The images of a chunk, by number.
#[derive(Debug, Default)]
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

    /// The executable of an image.
    pub fn executable<'a>(&self, image: u32, objects: &'a Objects) -> Option<&'a File> {
        objects.file(self.rows.get(image as usize)?.executable)
    }

    fn lists(&self, stored: &Stored) -> Result<&Lists, Damaged> {
        let lists = self.lists.get_or_init(|| {
            let arguments = stored.bytes(ARGUMENTS)?;
            let mut input = Input(&arguments);
            let mut starts = Vec::with_capacity(self.rows.len());
            for image in &self.rows {
                starts.push(u32::try_from(arguments.len() - input.0.len()).map_err(|_| RANGE)?);
                for _ in 0..=image.arguments {
                    input.bytes()?;
                }
            }
            let environments = stored.bytes(ENVIRONMENT_TEXTS)?;
            let (mut input, mut begins) = (Input(&environments), Vec::new());
            while !input.0.is_empty() {
                begins.push(u32::try_from(environments.len() - input.0.len()).map_err(|_| RANGE)?);
                for _ in 0..input.count()? {
                    input.bytes()?;
                }
            }
            Ok(Lists { arguments, starts, environments, begins })
        });
        lists.as_ref().map_err(|damaged| *damaged)
    }

    /// An image.
    pub fn get(&self, place: u32, stored: &Stored, objects: &Objects) -> Result<Image, Damaged> {
        let image = self.rows.get(place as usize).ok_or(RANGE)?;
        let lists = self.lists(stored)?;
        let start = *lists.starts.get(place as usize).ok_or(RANGE)?;
        let mut input = Input(lists.arguments.get(start as usize..).ok_or(RANGE)?);
        let argv0 = text(input.bytes()?)?.to_owned();
        let args = texts(&mut input, image.arguments as usize)?;
        let begin = *lists.begins.get(image.environment as usize).ok_or(RANGE)?;
        let mut input = Input(lists.environments.get(begin as usize..).ok_or(RANGE)?);
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
