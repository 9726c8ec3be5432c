//! IAM: roles and their policies.

mod document;
mod error;
mod lookup;
mod permissions;
mod policy;
mod role;

pub(super) use self::document::lets_lambda_assume;
use self::permissions::on_role;
use crate::{
    operation::{Operation, Quota::Undocumented, Wire::Action, read, write},
    service::Service::Iam,
};

/// Every operation of IAM.
#[rustfmt::skip]
pub(crate) static OPERATIONS: &[Operation] = &[
    write(Iam, "CreateRole", Action, Undocumented, permissions::create_role, role::create),
    read(Iam, "GetRole", Action, Undocumented, on_role, role::get),
    read(Iam, "ListRoles", Action, Undocumented, permissions::list_roles, role::list),
    write(Iam, "UpdateRole", Action, Undocumented, on_role, role::update),
    write(Iam, "UpdateAssumeRolePolicy", Action, Undocumented, on_role, role::update_assume_policy),
    write(Iam, "DeleteRole", Action, Undocumented, on_role, role::delete),
    write(Iam, "TagRole", Action, Undocumented, permissions::tag_role, role::tag),
    write(Iam, "UntagRole", Action, Undocumented, permissions::untag_role, role::untag),
    read(Iam, "ListRoleTags", Action, Undocumented, on_role, role::list_tags),

    write(Iam, "PutRolePolicy", Action, Undocumented, on_role, policy::put),
    read(Iam, "GetRolePolicy", Action, Undocumented, on_role, policy::get),
    read(Iam, "ListRolePolicies", Action, Undocumented, on_role, policy::list),
    write(Iam, "DeleteRolePolicy", Action, Undocumented, on_role, policy::delete),
    write(Iam, "AttachRolePolicy", Action, Undocumented, on_role, policy::attach),
    write(Iam, "DetachRolePolicy", Action, Undocumented, on_role, policy::detach),
    read(Iam, "ListAttachedRolePolicies", Action, Undocumented, on_role, policy::list_attached),
];
