//! Names of common authenticators, for people who look at their passkeys.

use uuid::Uuid;

/// The name that the maker of this model (AAGUID) uses; `None` for a model that is not in the
/// table, and for the all-zero one of browsers that hide it.
///
/// A name is a hint for the owner of the passkey, never a reason to trust it: without attestation
/// an AAGUID is what the client said.
#[must_use]
pub fn authenticator_name(aaguid: Uuid) -> Option<&'static str> {
    let wanted = aaguid.as_u128();
    NAMES
        .iter()
        .find(|(known, _)| *known == wanted)
        .map(|(_, name)| *name)
}

/// AAGUIDs are public: each stands in what its maker publishes (Yubico's and Microsoft's lists for
/// administrators), in the FIDO metadata, or in the list that makers of password managers keep for this
/// very purpose, github.com/passkeydeveloper/passkey-authenticator-aaguids. Checked against these in
/// November 2026; what is missing here is asked of the metadata, where they are configured.
const NAMES: &[(u128, &str)] = &[
    // Platforms and browsers.
    (0xfbfc3007_154e_4ecc_8c0b_6e020557d7bd, "Apple Passwords"),
    (
        0xdd4ec289_e01d_41c9_bb89_70fa845d4bf2,
        "Apple Passwords (managed)",
    ),
    (
        0xea9b8d66_4d01_1d21_3ce4_b6b48cb575d4,
        "Google Password Manager",
    ),
    (0x08987058_cadc_4b81_b6e1_30de50dcbe96, "Windows Hello"),
    (0x9ddd1817_af5a_4672_a2b9_3e3dd95000a9, "Windows Hello"),
    (0x6028b017_b1d4_4c02_b4b3_afcdafc96bb2, "Windows Hello"),
    (0xadce0002_35bc_c60a_648b_0b25f1f05503, "Chrome on Mac"),
    (0xb5397666_4885_aa6b_cebf_e52262a439a2, "Chromium"),
    (0x771b48fd_d3d4_4f74_9232_fc157ab0507a, "Edge on Mac"),
    (0x53414d53_554e_4700_0000_000000000000, "Samsung Pass"),
    // Password managers.
    (0xbada5566_a7aa_401f_bd96_45619a55120d, "1Password"),
    (0xd548826e_79b4_db40_a3d8_11116f7e8349, "Bitwarden"),
    (0x531126d6_e717_415c_9320_3d9aa6981239, "Dashlane"),
    (0xf3809540_7f14_49c1_a8b3_8f813b225541, "Enpass"),
    (0xfdb141b2_5d84_443e_8a35_4698c205a502, "KeePassXC"),
    (0x0ea242b4_43c4_4a1b_8b17_dd6d0b6baec6, "Keeper"),
    (0xb78a0a55_6ef8_d246_a042_ba0f6d55050c, "LastPass"),
    (0xb84e4048_15dc_4dd0_8640_f4f60813c8af, "NordPass"),
    (0x50726f74_6f6e_5061_7373_50726f746f6e, "Proton Pass"),
    // Applications on phones.
    (
        0xde1e552d_db1d_4423_a619_566b625cdc84,
        "Microsoft Authenticator",
    ),
    (
        0x90a3ccdf_635c_4729_a248_9b709135078f,
        "Microsoft Authenticator",
    ),
    // Security keys.
    (0x2fc0579f_8113_47ea_b116_bb5a8db9202a, "YubiKey 5 with NFC"),
    (0xfa2b99dc_9e39_4257_8f92_4a30d23c4118, "YubiKey 5 with NFC"),
    (0xa25342c0_3cdc_4414_8e46_f4807fca511c, "YubiKey 5 with NFC"),
    (0xd7781e5d_e353_46aa_afe2_3ca49f13332a, "YubiKey 5 with NFC"),
    (
        0xc1f9a0bc_1dd2_404a_b27f_8e29047a43fd,
        "YubiKey 5 FIPS with NFC",
    ),
    (0x73bb0cd4_e502_49b8_9c6f_b59445bf720b, "YubiKey 5 FIPS"),
    (0x19083c3d_8383_4b18_bc03_8f1c9ab2fd1b, "YubiKey 5"),
    (0xff4dac45_ede8_4ec2_aced_cf66103f4335, "YubiKey 5"),
    (0xcb69481e_8ff7_4039_93ec_0a2729a154a8, "YubiKey 5"),
    (0xee882879_721c_4913_9775_3dfcce97072a, "YubiKey 5"),
    (0xc5ef55ff_ad9a_4b9f_b580_adebafe026d0, "YubiKey 5Ci"),
    (0xa02167b9_ae71_4ac7_9a07_06432ebb6f1c, "YubiKey 5Ci"),
    (0xd8522d9f_575b_4866_88a9_ba99fa02f35b, "YubiKey Bio"),
    (
        0xf8a011f3_8c0a_4d15_8006_17111f9edc7d,
        "Security Key by Yubico",
    ),
    (
        0xb92c3f9a_c014_4056_887f_140a2501163b,
        "Security Key by Yubico",
    ),
    (
        0x6d44ba9b_f6ec_2e49_b930_0c8fe920cb73,
        "Security Key by Yubico with NFC",
    ),
    (
        0x149a2021_8ef6_4133_96b8_81f8d5b7f1f5,
        "Security Key by Yubico with NFC",
    ),
];

#[cfg(test)]
mod tests {
    use super::{NAMES, authenticator_name};
    use uuid::Uuid;

    #[test]
    fn a_known_model_has_a_name_and_a_hidden_one_has_none() {
        let known = Uuid::parse_str("ea9b8d66-4d01-1d21-3ce4-b6b48cb575d4").unwrap();
        assert_eq!(authenticator_name(known), Some("Google Password Manager"));
        assert_eq!(authenticator_name(Uuid::nil()), None);
    }

    #[test]
    fn no_model_is_listed_twice() {
        let mut ids: Vec<u128> = NAMES.iter().map(|(id, _)| *id).collect();
        ids.sort_unstable();
        ids.dedup();
        assert_eq!(ids.len(), NAMES.len());
    }
}
