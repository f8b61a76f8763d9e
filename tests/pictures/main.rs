//! The pictures of `screenshots/`: this makes each anew and fails where one is older than what it shows.
//! `screenshots/make` writes them.

mod album;
mod film;
mod heard;
mod studio;

use album::{PICTURES, SIZES, THEMES};
use film::Frame;
use std::{
    fmt::Write as _,
    fs,
    path::{Path, PathBuf},
};
use studio::Studio;

/// The folder that texts and drawings are to be written to, in place of a comparison with those that there are.
const WRITE: &str = "CASTELLAN_WRITE_PICTURES";
/// The file that tells what each picture was drawn from, its colours included.
const PRINTS: &str = "prints.txt";
const FILM: &str = "tour";

#[test]
fn no_picture_is_older_than_what_it_shows() {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
    let own = tempfile::tempdir().expect("a folder");
    castellan::config::keep_all_in(own.path());
    let made = runtime.expect("a runtime").block_on(made());
    match std::env::var_os(WRITE) {
        Some(folder) => made.write(Path::new(&folder)),
        None => made.compare(),
    }
}

/// Everything, by the names of its files without their endings.
struct Made {
    texts: Vec<(String, String)>,
    /// As SVG.
    drawings: Vec<(String, String)>,
    film: Vec<Frame>,
}

async fn made() -> Made {
    let film = film::made().await;
    let mut made = Made { texts: vec![(FILM.into(), film::text(&film))], drawings: Vec::new(), film };
    for picture in PICTURES {
        let mut studio = Studio::open(picture.options, SIZES[0]).await;
        studio.pass(picture.after).await;
        for keys in picture.keys {
            studio.press(keys).await;
        }
        for size in SIZES {
            studio.resize(*size);
            let name = format!("{}-{}x{}", picture.name, size.0, size.1);
            made.texts.push((name.clone(), studio.text() + "\n"));
            let drawn = |theme: &&str| (format!("{name}-{theme}"), studio.drawing(theme).svg());
            made.drawings.extend(THEMES.iter().map(drawn));
        }
    }
    made
}

impl Made {
    /// A line for each picture: the SHA-256 of what it is drawn from, and its file.
    fn prints(&self) -> String {
        let film: String = self.film.iter().map(|frame| frame.drawing.svg()).collect();
        let all = self.drawings.iter().map(|(name, svg)| (&**name, svg)).chain([(FILM, &film)]);
        all.fold(String::new(), |mut lines, (name, svg)| {
            let digest = ring::digest::digest(&ring::digest::SHA256, svg.as_bytes());
            let hex: String = digest.as_ref().iter().map(|byte| format!("{byte:02x}")).collect();
            let _ = writeln!(lines, "{hex}  {name}.png");
            lines
        })
    }

    /// Texts and drawings; the film as numbered drawings, with a file of how many milliseconds each stands.
    fn write(&self, folder: &Path) {
        let put = |name: String, text: &str| fs::write(folder.join(name), text).expect("a file");
        self.texts.iter().for_each(|(name, text)| put(format!("{name}.txt"), text));
        self.drawings.iter().for_each(|(name, svg)| put(format!("{name}.svg"), svg));
        for (nth, frame) in self.film.iter().enumerate() {
            put(format!("{FILM}-{nth:03}.svg"), &frame.drawing.svg());
        }
        let times: String = self.film.iter().map(|f| format!("{}\n", f.stands.as_millis())).collect();
        put(format!("{FILM}.times"), &times);
        put(PRINTS.into(), &self.prints());
    }

    fn compare(&self) {
        let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("screenshots");
        let kept = |name: &str| fs::read_to_string(folder.join(name)).unwrap_or_default();
        for (name, text) in &self.texts {
            let kept = kept(&format!("{name}.txt"));
            let place = kept.lines().zip(text.lines()).find(|(kept, made)| kept != made);
            assert!(
                kept == *text,
                "{name} is old: run screenshots/make. It shows, and would show: {place:#?}"
            );
        }
        let prints = self.prints();
        assert_eq!(kept(PRINTS), prints, "the pictures' colours are old: run screenshots/make");
        for (_, picture) in prints.lines().filter_map(|line| line.split_once("  ")) {
            assert!(folder.join(picture).exists(), "{picture} is not there: run screenshots/make");
        }
    }
}
