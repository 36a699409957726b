//! Which part of a request's path is the bundle's own.

/// The path below the stage that a request came by. Where the stage is named and the API is called by its own host, the
/// path begins with it; behind a custom domain it does not, and the request names the stage all the same. `lambda_http`
/// puts the stage before the path of the URI in both cases, so the path has to be the raw one.
pub fn below_stage<'a>(raw_path: &'a str, stage: Option<&str>) -> &'a str {
    let below = stage
        .filter(|stage| *stage != "$default")
        .and_then(|stage| raw_path.strip_prefix('/')?.strip_prefix(stage))
        .filter(|below| below.starts_with('/'));
    below.unwrap_or(raw_path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stage_is_left_out_where_the_path_has_it() {
        let path = "/taskrouter/v1/Workspaces";
        assert_eq!(below_stage(path, None), path);
        assert_eq!(below_stage(path, Some("$default")), path);
        assert_eq!(below_stage("/prod/taskrouter/v1/Workspaces", Some("prod")), path);
        assert_eq!(below_stage(path, Some("prod")), path, "behind a custom domain");
        assert_eq!(below_stage(path, Some("task")), path, "no stage, only its beginning");
    }
}
