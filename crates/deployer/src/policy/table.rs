//! The permissions of every call: operation → IAM action, its scope, and whether read-only commands need it too.
//!
//! Actions, resources and condition keys come from AWS's Service Authorization Reference. A new call gets its rows
//! here. A test checks that every call has rows and that no row is unused.

use self::Access::{Read, Write};
use super::scope::Scope;

/// Which commands need a permission.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Access {
    /// Every command, `plan` and `status` among them.
    Read,
    /// `up` and `down`.
    Write,
}

/// A permission that an operation needs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Row {
    /// `lambda:CreateFunction`
    pub operation: &'static str,
    /// The IAM action, if its name differs from the operation's.
    other: Option<&'static str>,
    pub scope: Scope,
    pub access: Access,
}

impl Row {
    pub(super) fn action(&self) -> &'static str {
        self.other.unwrap_or(self.operation)
    }
}

/// A permission whose action has the operation's name.
const fn same(operation: &'static str, scope: Scope, access: Access) -> Row {
    Row { operation, other: None, scope, access }
}

/// A permission whose action has another name.
const fn with(operation: &'static str, action: &'static str, scope: Scope, access: Access) -> Row {
    Row { operation, other: Some(action), scope, access }
}

pub(super) const TABLE: &[Row] = &[
    // Lambda. GetFunction shows tags only with ListTags, and CreateFunction sets them only with TagResource.
    same("lambda:GetFunction", Scope::Function, Read),
    with("lambda:GetFunction", "lambda:ListTags", Scope::Function, Read),
    same("lambda:GetPolicy", Scope::Function, Read),
    same("lambda:CreateFunction", Scope::Function, Write),
    with("lambda:CreateFunction", "lambda:TagResource", Scope::Function, Write),
    with("lambda:CreateFunction", "iam:PassRole", Scope::RoleOfFunction, Write),
    same("lambda:GetFunctionConfiguration", Scope::Function, Write),
    same("lambda:UpdateFunctionCode", Scope::Function, Write),
    same("lambda:UpdateFunctionConfiguration", Scope::Function, Write),
    with("lambda:UpdateFunctionConfiguration", "iam:PassRole", Scope::RoleOfFunction, Write),
    same("lambda:PutFunctionConcurrency", Scope::Function, Write),
    same("lambda:DeleteFunctionConcurrency", Scope::Function, Write),
    same("lambda:TagResource", Scope::Function, Write),
    same("lambda:AddPermission", Scope::FunctionCaller, Write),
    same("lambda:RemovePermission", Scope::Function, Write),
    same("lambda:DeleteFunction", Scope::Function, Write),
    // IAM
    same("iam:GetRole", Scope::Role, Read),
    same("iam:GetRolePolicy", Scope::Role, Read),
    same("iam:CreateRole", Scope::Role, Write),
    with("iam:CreateRole", "iam:TagRole", Scope::Role, Write),
    same("iam:TagRole", Scope::Role, Write),
    same("iam:UpdateAssumeRolePolicy", Scope::Role, Write),
    same("iam:PutRolePolicy", Scope::Role, Write),
    same("iam:DeleteRolePolicy", Scope::Role, Write),
    same("iam:DeleteRole", Scope::Role, Write),
    same("iam:ListRolePolicies", Scope::Role, Write),
    same("iam:ListAttachedRolePolicies", Scope::Role, Write),
    same("iam:DetachRolePolicy", Scope::Role, Write),
    // CloudWatch Logs
    same("logs:DescribeLogGroups", Scope::Region, Read),
    same("logs:ListTagsForResource", Scope::LogGroup, Read),
    same("logs:CreateLogGroup", Scope::LogGroup, Write),
    with("logs:CreateLogGroup", "logs:TagResource", Scope::LogGroup, Write),
    same("logs:TagResource", Scope::LogGroup, Write),
    same("logs:PutRetentionPolicy", Scope::LogGroup, Write),
    same("logs:DeleteLogGroup", Scope::LogGroup, Write),
    // Cognito. Only DescribeUserPool shows who owns a pool, so it is allowed on any pool.
    same("cognito-idp:ListUserPools", Scope::Region, Read),
    same("cognito-idp:DescribeUserPoolDomain", Scope::Region, Read),
    same("cognito-idp:DescribeUserPool", Scope::AnyPool, Read),
    same("cognito-idp:DescribeResourceServer", Scope::Owned, Read),
    same("cognito-idp:DescribeResourceServer", Scope::AdoptRead, Read),
    same("cognito-idp:ListUserPoolClients", Scope::Owned, Read),
    same("cognito-idp:ListUserPoolClients", Scope::AdoptRead, Read),
    same("cognito-idp:DescribeUserPoolClient", Scope::Owned, Read),
    same("cognito-idp:DescribeUserPoolClient", Scope::AdoptRead, Read),
    same("cognito-idp:CreateUserPool", Scope::NewPool, Write),
    with("cognito-idp:CreateUserPool", "cognito-idp:TagResource", Scope::TagPool, Write),
    same("cognito-idp:UpdateUserPool", Scope::Owned, Write),
    same("cognito-idp:UpdateUserPool", Scope::AdoptPool, Write),
    with("cognito-idp:UpdateUserPool", "cognito-idp:TagResource", Scope::TagPool, Write),
    same("cognito-idp:CreateResourceServer", Scope::Owned, Write),
    same("cognito-idp:UpdateResourceServer", Scope::Owned, Write),
    same("cognito-idp:CreateUserPoolClient", Scope::Owned, Write),
    same("cognito-idp:UpdateUserPoolClient", Scope::Owned, Write),
    same("cognito-idp:DeleteUserPoolClient", Scope::Owned, Write),
    same("cognito-idp:CreateUserPoolDomain", Scope::Owned, Write),
    same("cognito-idp:DeleteUserPoolDomain", Scope::Owned, Write),
    same("cognito-idp:ListUsers", Scope::Owned, Read),
    same("cognito-idp:DeleteUserPool", Scope::Owned, Write),
    // API Gateway. Its actions are HTTP verbs.
    with("apigateway:GetRestApis", "apigateway:GET", Scope::Apis, Read),
    with("apigateway:GetAuthorizers", "apigateway:GET", Scope::Owned, Read),
    with("apigateway:GetAuthorizers", "apigateway:GET", Scope::AdoptRead, Read),
    with("apigateway:GetDeployments", "apigateway:GET", Scope::Owned, Read),
    with("apigateway:GetDeployments", "apigateway:GET", Scope::AdoptRead, Read),
    with("apigateway:GetGatewayResponses", "apigateway:GET", Scope::Owned, Read),
    with("apigateway:GetGatewayResponses", "apigateway:GET", Scope::AdoptRead, Read),
    with("apigateway:GetResources", "apigateway:GET", Scope::Owned, Read),
    with("apigateway:GetResources", "apigateway:GET", Scope::AdoptRead, Read),
    with("apigateway:GetStages", "apigateway:GET", Scope::Owned, Read),
    with("apigateway:GetStages", "apigateway:GET", Scope::AdoptRead, Read),
    with("apigateway:CreateRestApi", "apigateway:POST", Scope::NewApi, Write),
    with("apigateway:CreateRestApi", "apigateway:PUT", Scope::NewApi, Write),
    with("apigateway:TagResource", "apigateway:PUT", Scope::NewApi, Write),
    with("apigateway:UpdateRestApi", "apigateway:PATCH", Scope::Api, Write),
    with("apigateway:CreateAuthorizer", "apigateway:POST", Scope::ApiParts, Write),
    with("apigateway:UpdateAuthorizer", "apigateway:PATCH", Scope::Api, Write),
    with("apigateway:PutMethod", "apigateway:PUT", Scope::Api, Write),
    with("apigateway:DeleteMethod", "apigateway:DELETE", Scope::Api, Write),
    with("apigateway:PutIntegration", "apigateway:PUT", Scope::Api, Write),
    with("apigateway:PutMethodResponse", "apigateway:PUT", Scope::Api, Write),
    with("apigateway:PutIntegrationResponse", "apigateway:PUT", Scope::Api, Write),
    with("apigateway:PutGatewayResponse", "apigateway:PUT", Scope::Api, Write),
    with("apigateway:DeleteGatewayResponse", "apigateway:DELETE", Scope::Api, Write),
    with("apigateway:CreateDeployment", "apigateway:POST", Scope::ApiParts, Write),
    with("apigateway:CreateStage", "apigateway:POST", Scope::ApiParts, Write),
    with("apigateway:UpdateStage", "apigateway:PATCH", Scope::Api, Write),
    with("apigateway:DeleteStage", "apigateway:DELETE", Scope::Api, Write),
    with("apigateway:DeleteRestApi", "apigateway:DELETE", Scope::Api, Write),
];
