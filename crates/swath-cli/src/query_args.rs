//! The options of a search as arguments, made from the library's table: none can be missing here.

use clap::{Arg, ArgMatches, Args, Command, FromArgMatches};
use swath::search::{OPTIONS, OptionGroup, OptionKind, OptionValue, Query, SearchOption};

use crate::failure::Failure;

/// Shorter words for options that are typed often. The library's name is understood too.
const WORDS: &[(&str, &str)] = &[
    ("processing_level", "product"),
    ("flight_direction", "direction"),
    ("production_configuration", "pipeline"),
    ("relative_orbit", "track"),
    ("data_maturity", "maturity"),
    ("max_results", "limit"),
];

/// Options that `-h` shows; `--help` shows all.
const COMMON: &[&str] = &[
    "start",
    "end",
    "processing_level",
    "dataset",
    "platform",
    "flight_direction",
    "production_configuration",
    "relative_orbit",
    "frame",
    "data_maturity",
    "crid",
    "max_results",
    "granule_list",
];

/// Options whose values may hold commas.
const WITH_COMMAS: &[&str] = &["campaign", "site_description", "cmr_keywords"];

/// What was typed for each option, by the library's name.
#[derive(Debug, Clone, Default)]
pub(crate) struct QueryArgs(Vec<(&'static str, OptionValue)>);

impl QueryArgs {
    /// The query that the options stand for. The library checks the values.
    pub(crate) fn query(&self) -> Result<Query, Failure> {
        Ok(self.as_typed()?.or_usual(&[]))
    }

    /// The same, with nothing assumed.
    pub(crate) fn as_typed(&self) -> Result<Query, Failure> {
        let mut query = Query::new();
        for (name, value) in &self.0 {
            query = query.with(name, value.clone()).map_err(|error| Failure::from(error).in_typed_words())?;
        }
        Ok(query)
    }
}

/// A library's message in the words of the command line: an option at its beginning as it is typed.
pub(crate) fn as_typed(message: &str) -> String {
    let is_named =
        |option: &&SearchOption| message.strip_prefix(option.name).is_some_and(|rest| rest.starts_with(' '));
    let Some(option) = OPTIONS.iter().find(is_named) else { return message.to_owned() };
    let word = WORDS.iter().find(|(name, _)| *name == option.name).map(|(_, word)| *word);
    let typed = word.map_or_else(|| option.name.replace('_', "-"), str::to_owned);
    format!("--{typed}{}", message.get(option.name.len()..).unwrap_or_default())
}

/// The order in which help shows the groups. Areas have arguments of their own.
const GROUPS: [OptionGroup; 7] = [
    OptionGroup::Time,
    OptionGroup::Product,
    OptionGroup::Orbit,
    OptionGroup::Radar,
    OptionGroup::Names,
    OptionGroup::Missions,
    OptionGroup::Catalogue,
];

fn options() -> impl Iterator<Item = &'static SearchOption> {
    GROUPS.into_iter().flat_map(|group| OPTIONS.iter().filter(move |option| option.group == group))
}

fn heading(group: OptionGroup) -> &'static str {
    match group {
        OptionGroup::Time => "When",
        OptionGroup::Product => "What",
        OptionGroup::Orbit => "Orbit",
        OptionGroup::Radar => "Radar",
        OptionGroup::Names => "Names",
        OptionGroup::Missions => "Other missions",
        _ => "Catalogue",
    }
}

fn argument(option: &'static SearchOption) -> Arg {
    let long = option.name.replace('_', "-");
    let word = WORDS.iter().find(|(name, _)| *name == option.name).map(|(_, word)| *word);
    let arg = Arg::new(option.name)
        .help(option.about)
        .help_heading(heading(option.group))
        .hide_short_help(!COMMON.contains(&option.name));
    let arg = match word {
        Some(word) => arg.long(word).visible_alias(long),
        None => arg.long(long),
    };
    match option.kind {
        // A flag may be given without a value, and is then meant.
        OptionKind::Flag => {
            arg.num_args(0..=1).require_equals(true).default_missing_value("true").value_name("true|false")
        }
        OptionKind::Decimal | OptionKind::Decimals => arg.allow_negative_numbers(true).value_name("NUMBER"),
        // A number below zero is refused by its name, not as an argument that there is not.
        OptionKind::Integers => arg.allow_negative_numbers(true).value_name("NUMBERS"),
        OptionKind::Count => arg.allow_negative_numbers(true).value_name("NUMBER"),
        OptionKind::Moment => arg.value_name("DATE"),
        OptionKind::Pairs => arg.value_name("KEY=VALUE").action(clap::ArgAction::Append),
        OptionKind::Texts if WITH_COMMAS.contains(&option.name) => {
            arg.value_name("TEXT").action(clap::ArgAction::Append)
        }
        OptionKind::Texts => arg.value_name("NAMES").value_delimiter(',').action(clap::ArgAction::Append),
        _ => arg.value_name("TEXT"),
    }
}

impl Args for QueryArgs {
    fn augment_args(command: Command) -> Command {
        options().fold(command, |command, option| command.arg(argument(option)))
    }

    fn augment_args_for_update(command: Command) -> Command {
        Self::augment_args(command)
    }
}

impl FromArgMatches for QueryArgs {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Self, clap::Error> {
        let typed = |option: &'static SearchOption| {
            let values: Vec<&String> = matches.get_many::<String>(option.name)?.collect();
            let value = match values.as_slice() {
                [one] => OptionValue::from(one.as_str()),
                several => several.iter().map(|text| text.as_str()).collect::<Vec<_>>().into(),
            };
            Some((option.name, value))
        };
        Ok(Self(options().filter_map(typed).collect()))
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), clap::Error> {
        *self = Self::from_arg_matches(matches)?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_option_of_the_library_is_an_argument() {
        let command = QueryArgs::augment_args(Command::new("search"));
        let named: Vec<&str> = command.get_arguments().map(|arg| arg.get_id().as_str()).collect();
        for option in OPTIONS.iter().filter(|option| option.group != OptionGroup::Area) {
            assert!(named.contains(&option.name), "{} is missing", option.name);
        }
        assert!(WORDS.iter().all(|(name, _)| named.contains(name)));
        assert!(COMMON.iter().chain(WITH_COMMAS).all(|name| named.contains(name)));
    }

    #[test]
    fn messages_name_options_as_they_are_typed() {
        assert_eq!(as_typed("relative_orbit cannot be 200"), "--track cannot be 200");
        assert_eq!(as_typed("frame_coverage cannot be x"), "--frame-coverage cannot be x");
        assert_eq!(as_typed("frames are many"), "frames are many");
    }

    #[test]
    fn what_is_typed_is_what_the_library_is_given() {
        let typed = |arguments: &[&str]| {
            let command = QueryArgs::augment_args(Command::new("search"));
            let matches = command.get_matches_from([&["search"], arguments].concat());
            QueryArgs::from_arg_matches(&matches).unwrap().query().unwrap_or_else(|_| panic!("refused"))
        };
        let usual = || Query::new().or_usual(&[]);
        assert_eq!(typed(&[]), usual());
        assert_eq!(typed(&["--track", "170-172,15"]).plan().unwrap().subqueries.len(), 2);
        assert_eq!(typed(&["--relative-orbit", "172"]), usual().relative_orbit(172));
        let season = typed(&["--season", "335-60"]).plan().unwrap().subqueries.concat();
        assert!(season.iter().any(|(key, value)| key == "temporal" && value.ends_with(",,335,60")));
        assert_eq!(typed(&["--joint-observation"]), usual().joint_observation(true));
        assert_eq!(typed(&["--joint-observation=no"]), usual().joint_observation(false));
        assert_eq!(typed(&["--campaign", "Big Island, HI"]), usual().campaign("Big Island, HI"));
        assert_eq!(typed(&["--product", "GSLC,RSLC"]).plan().unwrap().subqueries.len(), 2);
        assert_eq!(typed(&["--platform", "S1"]), Query::new().platform("S1"));
        assert_eq!(typed(&["--min-doppler", "-5"]), usual().min_doppler(-5.0));
        assert_eq!(typed(&["--cmr-keywords", "a[]=b,c"]), usual().cmr_keyword("a[]", "b,c"));
    }
}
