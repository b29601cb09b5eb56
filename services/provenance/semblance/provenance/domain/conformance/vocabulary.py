"""The words of the specification that requirements ask about.

Sources: C2PA 2.2 and 2.4, sections 15 (validation codes), 18 (assertions, actions); conformance programme 0.2.
"""

from __future__ import annotations

MALFORMED = frozenset(
    f"assertion.{name}.malformed"
    for name in (
        *("action", "bmffHash", "boxesHash", "collectionHash", "dataHash", "external-reference", "ingredient"),
        *("alternativeContentRepresentation", "multiAssetHash"),
    )
) | {
    "assertion.alternativeContentRepresentation.missing",
    "assertion.boxesHash.unknownBox",
    "assertion.cbor.invalid",
    "assertion.external-reference.created",
    "assertion.external-reference.labelMismatch",
    "assertion.json.invalid",
    "assertion.multipleHardBindings",
    "claim.cbor.invalid",
    "claim.hardBindings.missing",
    "claim.malformed",
    "claim.missing",
    "claim.multiple",
    "hashedURI.missing",
    "ingredient.manifest.missing",
    "manifest.compressed.invalid",
    "manifest.inaccessible",
    "manifest.multipleParents",
    "manifest.timestamp.invalid",
    "manifest.timestamp.wrongParents",
    "manifest.update.invalid",
    "manifest.update.wrongParents",
}
MISMATCHED = frozenset(
    {
        "assertion.action.ingredientMismatch",
        "assertion.action.redactionMismatch",
        "assertion.alternativeContentRepresentation.hashMismatch",
        "assertion.bmffHash.mismatch",
        "assertion.boxesHash.mismatch",
        "assertion.collectionHash.mismatch",
        "assertion.dataHash.mismatch",
        "assertion.external-reference.hashMismatch",
        "assertion.hardBinding.redacted",
        "assertion.hashedURI.mismatch",
        "assertion.multiAssetHash.mismatch",
        "claimSignature.missing",
        "hashedURI.mismatch",
        "ingredient.claimSignature.mismatch",
        "ingredient.claimSignature.missing",
        "ingredient.manifest.mismatch",
    }
)
ASSERTIONS_2_2 = frozenset(
    f"c2pa.{name}"
    for name in (
        *("hash.data", "hash.data.part", "hash.boxes", "hash.bmff.v3", "hash.collection.data", "hash.multi-asset"),
        *("actions.v2", "ingredient.v3", "soft-binding", "cloud-data", "embedded-data", "metadata", "icon"),
        *("certificate-status", "time-stamp", "asset-ref", "asset-type.v2", "assertion.metadata", "depthmap.GDepth"),
        *("thumbnail.claim", "thumbnail.ingredient"),
    )
)
ASSERTIONS_2_4 = ASSERTIONS_2_2 | frozenset(
    f"c2pa.{name}"
    for name in (
        *("alternative-content-representation", "external-reference", "session-keys", "repository-receipt"),
        *("environmental-sustainability", "ai-disclosure"),
    )
)
DEPRECATED_ASSERTIONS = frozenset(
    {"c2pa.claim", "c2pa.hash.bmff.v2", "c2pa.asset-type", "c2pa.ingredient", "c2pa.ingredient.v2", "c2pa.actions"}
)
WITHOUT_SOURCE = frozenset(
    f"c2pa.{name}"
    for name in (
        *("converted", "edited.metadata", "enhanced", "opened", "placed", "published", "redacted", "repackaged"),
        *("resized.proportional", "transcoded", "watermarked", "watermarked.bound", "watermarked.unbound"),
    )
)
ACTIONS = WITHOUT_SOURCE | frozenset(
    f"c2pa.{name}"
    for name in (
        *("addedText", "adjustedColor", "changedSpeed", "created", "cropped", "deleted", "drawing", "dubbed", "edited"),
        *("filtered", "mastered", "mixed", "orientation", "remixed", "removed", "resized", "translated", "trimmed"),
        "unknown",
    )
)
DEPRECATED_ACTIONS = frozenset(
    f"c2pa.{name}"
    for name in (
        *("copied", "formatted", "version_updated", "printed", "managed", "produced", "saved", "color_adjustments"),
        "watermarked",
    )
)
PARAMETERS = frozenset(
    {
        *("redacted", "ingredients", "ingredient", "description", "relatedAssertions", "sourceLanguage"),
        *("targetLanguage", "multipleInstances", "ranges", "weight", "width", "italic", "slant", "optical-size"),
    }
)
RELATIONSHIPS = frozenset({"parentOf", "inputTo", "componentOf"})
HUMAN_ENTRIES = frozenset({"humanEntry.anonymous", "humanEntry.credentialed"})
NEVER_EXTERNAL = ("c2pa.actions", "c2pa.cloud-data", "c2pa.external-reference", "c2pa.hash", "c2pa.ingredient")
TIFF = frozenset({"image/tiff", "image/x-adobe-dng"})
