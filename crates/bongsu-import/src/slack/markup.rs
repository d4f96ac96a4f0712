//! Slack's markup as text: mentions by name, links as they read, escapes undone.

use super::directory::Directory;

/// `<@U1>` as `@name`, `<#C1|general>` as `#general`, `<!here>` as `@here`, `<https://x|label>` as `label (https://x)`.
pub(super) fn plain(text: &str, directory: &Directory) -> String {
    let mut plain = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(start) = rest.find('<') {
        plain.push_str(&rest[..start]);
        let inside = &rest[start + 1..];
        let end = inside.find(['>', '<']).filter(|end| inside.as_bytes()[*end] == b'>');
        let Some(end) = end else {
            plain.push('<');
            rest = inside;
            continue;
        };
        push_reference(&mut plain, &inside[..end], directory);
        rest = &inside[end + 1..];
    }
    plain.push_str(rest);
    // `&amp;` last: `&amp;lt;` is the text `&lt;`.
    plain.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")
}

fn push_reference(plain: &mut String, inside: &str, directory: &Directory) {
    let (target, label) = inside.split_once('|').unwrap_or((inside, ""));
    if let Some(user) = target.strip_prefix('@') {
        let known = directory.name_of(user);
        let name = [known, label, user].into_iter().find(|name| !name.is_empty()).unwrap_or_default();
        plain.push_str(&format!("@{name}"));
    } else if let Some(channel) = target.strip_prefix('#') {
        let name = if label.is_empty() { directory.channel_name(channel).unwrap_or(channel) } else { label };
        plain.push_str(&format!("#{name}"));
    } else if let Some(special) = target.strip_prefix('!') {
        let name = if label.is_empty() { special.split('^').next().unwrap_or(special) } else { label };
        plain.push_str(&format!("@{}", name.trim_start_matches('@')));
    } else if label.is_empty() || label == target || target.ends_with(&format!("//{label}")) {
        plain.push_str(target);
    } else {
        plain.push_str(&format!("{label} ({target})"));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn references_become_what_people_read() {
        let directory = Directory::default();
        for (marked, expected) in [
            ("hi <@U1|ann>, <@U2>", "hi @ann, @U2"),
            ("<#C1|general> <!here> <!subteam^S1|@ops>", "#general @here @ops"),
            ("<https://x.example|docs> <https://x.example>", "docs (https://x.example) https://x.example"),
            ("<http://x.example|x.example>", "http://x.example"),
            ("1 &lt; 2 &amp;&amp; 3 &gt; 2", "1 < 2 && 3 > 2"),
            ("&amp;lt; a < b < c", "&lt; a < b < c"),
            ("<", "<"),
            ("<<@U1|a>>", "<@a>"),
        ] {
            assert_eq!(plain(marked, &directory), expected, "{marked}");
        }
    }
}
