//! `switchboard cost`, as a shell runs it.

use std::process::Command;

fn printed(argument: &str) -> String {
    let command = Command::new(env!("CARGO_BIN_EXE_switchboard")).arg(argument).output().unwrap();
    assert!(command.status.success(), "{}", String::from_utf8_lossy(&command.stderr));
    String::from_utf8(command.stdout).unwrap()
}

#[test]
fn the_command_prints_the_table_and_the_help_knows_it() {
    let table = switchboard::cost::table(switchboard::cost::LOCK).unwrap();
    assert_eq!(printed("cost"), table);
    assert!(printed("--help").contains("  cost "));
}
