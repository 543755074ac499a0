//! Who issues tokens, and what theirs look like: a prefix, a length and an alphabet.

use super::{is_base64_url, is_hex};

/// What an issuer's tokens look like after the prefix.
pub(super) struct Issuer {
    pub(super) prefix: &'static str,
    pub(super) rule: &'static str,
    /// Bytes after the prefix, at least and at most.
    pub(super) length: (usize, usize),
    pub(super) alphabet: fn(u8) -> bool,
}

const ANY: usize = usize::MAX;

pub(super) const ISSUERS: [Issuer; 126] = [
    issuer("AKIA", "secret.aws", (16, 16), is_upper),
    issuer("ASIA", "secret.aws", (16, 16), is_upper),
    issuer("ABIA", "secret.aws", (16, 16), is_upper),
    issuer("ACCA", "secret.aws", (16, 16), is_upper),
    issuer("ghp_", "secret.github", (36, ANY), is_alphanumeric),
    issuer("gho_", "secret.github", (36, ANY), is_alphanumeric),
    issuer("ghu_", "secret.github", (36, ANY), is_alphanumeric),
    issuer("ghs_", "secret.github", (36, ANY), is_alphanumeric),
    issuer("ghr_", "secret.github", (36, ANY), is_alphanumeric),
    issuer("github_pat_", "secret.github", (40, ANY), is_base64_url),
    issuer("glpat-", "secret.gitlab", (20, ANY), is_dotted),
    issuer("gldt-", "secret.gitlab", (20, ANY), is_dotted),
    issuer("glrt-", "secret.gitlab", (20, ANY), is_dotted),
    issuer("glptt-", "secret.gitlab", (20, ANY), is_dotted),
    issuer("glcbt-", "secret.gitlab", (20, ANY), is_dotted),
    issuer("gloas-", "secret.gitlab", (20, ANY), is_dotted),
    issuer("csk-", "secret.cerebras", (40, ANY), is_alphanumeric),
    issuer("sk-ant-", "secret.anthropic", (20, ANY), is_base64_url),
    issuer("sk-or-", "secret.openrouter", (20, ANY), is_base64_url),
    issuer("sk-", "secret.openai", (20, ANY), is_base64_url),
    issuer("gsk_", "secret.groq", (20, ANY), is_base64_url),
    issuer("xai-", "secret.xai", (40, ANY), is_base64_url),
    issuer("pplx-", "secret.perplexity", (32, ANY), is_base64_url),
    issuer("r8_", "secret.replicate", (32, ANY), is_base64_url),
    issuer("xoxb-", "secret.slack", (16, ANY), is_base64_url),
    issuer("xoxp-", "secret.slack", (16, ANY), is_base64_url),
    issuer("xoxa-", "secret.slack", (16, ANY), is_base64_url),
    issuer("xoxr-", "secret.slack", (16, ANY), is_base64_url),
    issuer("xoxs-", "secret.slack", (16, ANY), is_base64_url),
    issuer("xoxe-", "secret.slack", (16, ANY), is_base64_url),
    issuer("xoxe.xoxp-", "secret.slack", (16, ANY), is_base64_url),
    issuer("xapp-", "secret.slack", (16, ANY), is_base64_url),
    issuer("hooks.slack.com/services/", "secret.slack_webhook", (20, ANY), is_path),
    issuer("sk_live_", "secret.stripe", (16, ANY), is_alphanumeric),
    issuer("sk_test_", "secret.stripe", (16, ANY), is_alphanumeric),
    issuer("rk_live_", "secret.stripe", (16, ANY), is_alphanumeric),
    issuer("rk_test_", "secret.stripe", (16, ANY), is_alphanumeric),
    issuer("whsec_", "secret.stripe", (24, ANY), is_base64),
    issuer("AIza", "secret.google", (35, ANY), is_base64_url),
    issuer("GOCSPX-", "secret.google", (24, ANY), is_base64_url),
    issuer("ya29.", "secret.google", (20, ANY), is_dotted),
    issuer("npm_", "secret.npm", (36, ANY), is_alphanumeric),
    issuer("hf_", "secret.hf", (30, ANY), is_alphanumeric),
    issuer("SG.", "secret.sendgrid", (40, ANY), is_dotted),
    issuer("pypi-", "secret.pypi", (50, ANY), is_base64_url),
    issuer("dop_v1_", "secret.digitalocean", (64, 64), is_alphanumeric),
    issuer("shpat_", "secret.shopify", (32, ANY), is_alphanumeric),
    issuer("shpss_", "secret.shopify", (32, ANY), is_alphanumeric),
    issuer("dckr_pat_", "secret.docker", (20, ANY), is_base64_url),
    issuer("lin_api_", "secret.linear", (32, ANY), is_alphanumeric),
    issuer("hvs.", "secret.vault", (24, ANY), is_base64_url),
    issuer("sq0atp-", "secret.square", (20, ANY), is_base64_url),
    issuer("ABSK", "secret.aws", (60, ANY), is_base64),
    issuer("LTAI", "secret.alibaba", (12, 20), is_alphanumeric),
    issuer("AKID", "secret.tencent", (32, 32), is_alphanumeric),
    issuer("glagent-", "secret.gitlab", (20, ANY), is_dotted),
    issuer("glsoat-", "secret.gitlab", (20, ANY), is_dotted),
    issuer("glft-", "secret.gitlab", (20, ANY), is_dotted),
    issuer("glimt-", "secret.gitlab", (20, ANY), is_dotted),
    issuer("ATATT3", "secret.atlassian", (60, ANY), is_padded),
    issuer("ATCTT3", "secret.atlassian", (60, ANY), is_padded),
    issuer("ATBB", "secret.atlassian", (32, 32), is_alphanumeric),
    issuer("api_org_", "secret.hf", (30, ANY), is_alphanumeric),
    issuer("tgp_v1_", "secret.together", (32, ANY), is_base64_url),
    issuer("fw_", "secret.fireworks", (22, ANY), is_alphanumeric),
    issuer("nvapi-", "secret.nvidia", (40, ANY), is_base64_url),
    issuer("lsv2_pt_", "secret.langsmith", (32, ANY), is_base64_url),
    issuer("lsv2_sk_", "secret.langsmith", (32, ANY), is_base64_url),
    issuer("jina_", "secret.jina", (40, ANY), is_base64_url),
    issuer("tvly-", "secret.tavily", (24, ANY), is_base64_url),
    issuer("phx_", "secret.posthog", (40, ANY), is_alphanumeric),
    issuer("xoxc-", "secret.slack", (16, ANY), is_base64_url),
    issuer("xoxd-", "secret.slack", (16, ANY), is_percent),
    issuer("discord.com/api/webhooks/", "secret.discord", (40, ANY), is_hook),
    issuer("discordapp.com/api/webhooks/", "secret.discord", (40, ANY), is_hook),
    issuer("rzp_live_", "secret.razorpay", (14, ANY), is_alphanumeric),
    issuer("rzp_test_", "secret.razorpay", (14, ANY), is_alphanumeric),
    issuer("FLWSECK-", "secret.flutterwave", (32, ANY), is_base64_url),
    issuer("FLWSECK_TEST-", "secret.flutterwave", (12, ANY), is_base64_url),
    issuer("EAAA", "secret.square", (60, 60), is_base64_url),
    issuer("sq0csp-", "secret.square", (40, ANY), is_base64_url),
    issuer("EZAK", "secret.easypost", (54, 54), is_alphanumeric),
    issuer("EZTK", "secret.easypost", (54, 54), is_alphanumeric),
    issuer("doo_v1_", "secret.digitalocean", (64, 64), is_alphanumeric),
    issuer("dor_v1_", "secret.digitalocean", (64, 64), is_alphanumeric),
    issuer("shpca_", "secret.shopify", (32, ANY), is_alphanumeric),
    issuer("shppa_", "secret.shopify", (32, ANY), is_alphanumeric),
    issuer("dckr_oat_", "secret.docker", (20, ANY), is_base64_url),
    issuer("hvb.", "secret.vault", (60, ANY), is_base64_url),
    issuer("HRKU-", "secret.heroku", (36, ANY), is_base64_url),
    issuer("fm2_", "secret.fly", (60, ANY), is_padded),
    issuer("fo1_", "secret.fly", (40, ANY), is_base64_url),
    issuer("v1.0-", "secret.cloudflare", (140, ANY), is_base64_url),
    issuer("dapi", "secret.databricks", (32, 32), is_hex),
    issuer("pul-", "secret.pulumi", (40, 40), is_hex),
    issuer("atlasv1.", "secret.terraform", (60, ANY), is_base64_url),
    issuer("pscale_tkn_", "secret.planetscale", (32, ANY), is_dotted),
    issuer("pscale_pw_", "secret.planetscale", (32, ANY), is_dotted),
    issuer("sbp_", "secret.supabase", (40, ANY), is_alphanumeric),
    issuer("sb_secret_", "secret.supabase", (20, ANY), is_base64_url),
    issuer("glsa_", "secret.grafana", (32, ANY), is_base64_url),
    issuer("glc_", "secret.grafana", (32, ANY), is_padded),
    issuer("NRAK-", "secret.newrelic", (27, 27), is_alphanumeric),
    issuer("sntrys_", "secret.sentry", (40, ANY), is_padded),
    issuer("sntryu_", "secret.sentry", (40, ANY), is_alphanumeric),
    issuer("dt0c01.", "secret.dynatrace", (80, ANY), is_dotted),
    issuer("dp.pt.", "secret.doppler", (40, ANY), is_alphanumeric),
    issuer("dp.st.", "secret.doppler", (40, ANY), is_dotted),
    issuer("dp.ct.", "secret.doppler", (40, ANY), is_alphanumeric),
    issuer("dp.sa.", "secret.doppler", (40, ANY), is_alphanumeric),
    issuer("AGE-SECRET-KEY-1", "secret.age", (58, 58), is_upper),
    issuer("PMAK-", "secret.postman", (50, ANY), is_base64_url),
    issuer("rubygems_", "secret.rubygems", (48, ANY), is_hex),
    issuer("xkeysib-", "secret.brevo", (60, ANY), is_base64_url),
    issuer("tskey-", "secret.tailscale", (20, ANY), is_base64_url),
    issuer("key-", "secret.mailgun", (32, 32), is_hex),
    issuer("figd_", "secret.figma", (36, ANY), is_base64_url),
    issuer("ntn_", "secret.notion", (40, ANY), is_alphanumeric),
    issuer("secret_", "secret.notion", (43, 43), is_alphanumeric),
    issuer("pat-na1-", "secret.hubspot", (36, 36), is_base64_url),
    issuer("pat-eu1-", "secret.hubspot", (36, 36), is_base64_url),
    issuer("sk.eyJ", "secret.mapbox", (60, ANY), is_dotted),
    issuer("CFPAT-", "secret.contentful", (43, ANY), is_base64_url),
    issuer("nfp_", "secret.netlify", (36, ANY), is_alphanumeric),
    issuer("ops_eyJ", "secret.onepassword", (100, ANY), is_padded),
    issuer("sl.", "secret.dropbox", (100, ANY), is_base64_url),
];

/// Issuers whose prefixes are too short to be found as words. They are looked for at the first digit of a token.
pub(super) const SHORT: [Issuer; 3] = [
    issuer("SK", "secret.twilio", (32, 32), is_hex),
    issuer("AC", "secret.twilio", (32, 32), is_hex),
    issuer("cio", "secret.crates_io", (32, 32), is_alphanumeric),
];

const fn issuer(
    prefix: &'static str,
    rule: &'static str,
    length: (usize, usize),
    alphabet: fn(u8) -> bool,
) -> Issuer {
    Issuer { prefix, rule, length, alphabet }
}

fn is_upper(byte: u8) -> bool {
    byte.is_ascii_uppercase() || byte.is_ascii_digit()
}

fn is_alphanumeric(byte: u8) -> bool {
    byte.is_ascii_alphanumeric()
}

fn is_base64(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/' | b'=')
}

fn is_dotted(byte: u8) -> bool {
    is_base64_url(byte) || byte == b'.'
}

fn is_path(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'/'
}

fn is_padded(byte: u8) -> bool {
    is_base64_url(byte) || is_base64(byte)
}

fn is_percent(byte: u8) -> bool {
    is_base64_url(byte) || byte == b'%'
}

fn is_hook(byte: u8) -> bool {
    is_base64_url(byte) || byte == b'/'
}
