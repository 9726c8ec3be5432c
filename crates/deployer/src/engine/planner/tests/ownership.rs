//! Resources that are not the stack's: refused, adopted on demand, or reported.

use super::*;
use crate::{
    engine::observe::Holder,
    error::{Failure, kind_of},
};

#[test]
fn another_stack_is_reported_only_where_nothing_of_this_one_exists() {
    let neighbours = vec![rest_api::Neighbour { stack: "digits".into(), api_id: "a1".into() }];
    let rest_api = rest_api::Discovered { neighbours, ..rest_api::Discovered::default() };
    let left_behind = plan(&desired(), &World { rest_api, ..World::default() }, &Options::default()).left_behind;
    assert_eq!((left_behind[0].stack.as_str(), left_behind[0].stage.as_str()), ("digits", "dev"));
    assert!(left_behind[0].resources.contains(&(ResourceKind::Role, "digits-dev-us-east-1".into())));
    let mut there = world();
    there.rest_api.neighbours = vec![rest_api::Neighbour { stack: "digits".into(), api_id: "a1".into() }];
    assert_eq!(plan(&desired(), &there, &Options::default()).left_behind, []);
}

fn refusal(world: &World, options: &Options) -> (u8, String, String) {
    let error = plan(&desired(), world, options).check().unwrap_err();
    let hint = error.downcast_ref::<Failure>().unwrap().hint.clone().unwrap();
    (kind_of(&error).exit_code(), format!("{error:#}"), hint)
}

fn adopt() -> Options {
    Options { adopt: true, ..Options::default() }
}

#[test]
fn unowned_resources_are_refused_in_one_report_and_adopted_on_demand() {
    let mut world = world();
    let Observed::Owned(actual) = world.function.clone() else { panic!("owned") };
    world.function = Observed::Unowned { actual: actual.clone(), owner: None };
    let (code, text, hint) = refusal(&world, &Options::default());
    assert_eq!((code, text.as_str()), (3, "function \"mnist-dev\" exists and belongs to no stack"));
    assert!(hint.contains("--adopt"), "{hint}");
    let adopted = plan(&desired(), &world, &adopt());
    adopted.check().unwrap();
    assert!(matches!(adopted.steps.function, Step::Adopt(..)));

    let Observed::Owned(role) = world.role.clone() else { panic!("owned") };
    world.role = Observed::Unowned { actual: role, owner: None };
    let (_, text, _) = refusal(&world, &Options::default());
    assert!(text.starts_with("2 resources are not this stack's: role") && text.contains("; function"), "{text}");

    world.function = Observed::Unowned { actual, owner: Some("stack other/dev".into()) };
    let (code, text, _) = refusal(&world, &adopt());
    assert_eq!((code, text.as_str()), (3, "function \"mnist-dev\" belongs to stack other/dev"));
}

#[test]
fn an_unowned_pool_of_our_name_is_ignored() {
    let mut world = World::default();
    world.user_pool.pool = Observed::Unowned { actual: pool("foreign"), owner: None };
    let alone = plan(&desired(), &world, &Options::default());
    assert_eq!(alone.steps.user_pool, Step::Create);
    let adopted = plan(&desired(), &world, &adopt());
    assert!(matches!(adopted.steps.user_pool, Step::Adopt(..)));
}

#[test]
fn a_domain_of_another_pool_is_refused_and_adopted_only_with_its_pool() {
    let holder = Some(Holder { pool_id: "foreign".into(), owner: None });
    let hint = |world: &World, options: &Options| {
        let (code, text, hint) = refusal(world, options);
        assert_eq!(code, 3);
        assert!(text.ends_with("belongs to user pool foreign"), "{text}");
        hint
    };
    let nothing = World { domain_holder: holder.clone(), ..World::default() };
    assert!(hint(&nothing, &Options::default()).contains("--adopt"));
    let ours = World { domain_holder: holder, ..world() };
    assert!(!hint(&ours, &Options::default()).contains("--adopt"), "we have a pool of our own");
    assert!(!hint(&ours, &adopt()).contains("--adopt"));
}
