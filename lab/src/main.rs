//! The program `lab`: everything is in the library.

fn main() -> std::process::ExitCode {
    castellan_lab::main()
}
