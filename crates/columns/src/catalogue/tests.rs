use super::*;
use std::collections::BTreeSet;

#[test]
fn every_column_has_a_definition_and_a_source_that_stand_alone() {
    for OutputEntry { about, columns, .. } in catalogue() {
        let mut names = BTreeSet::new();
        for ColumnEntry { name, definition, source, .. } in &columns {
            let whole = format!("{}.{name}", about.name());
            assert!(names.insert(name.clone()), "{whole} stands twice");
            assert!(!definition.is_empty() && !source.is_empty(), "{whole}");
            let elsewhere = [definition, source].iter().any(|text| text.contains(".md"));
            assert!(
                !elsewhere,
                "{whole}: a user who has only the program cannot open a file of the repository"
            );
        }
    }
}

#[test]
fn every_output_has_names_of_its_own() {
    let files: BTreeSet<&str> = ALL.iter().map(|(_, about)| about.file).collect();
    assert_eq!(files.len(), ALL.len());
}
