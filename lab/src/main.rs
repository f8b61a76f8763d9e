fn main() -> std::process::ExitCode {
    castellan_lab::main()
}
