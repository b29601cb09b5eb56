"""The kinds of queued work."""

PUBLISH_IMAGE = "publish_image"
CLEAR_IMAGE = "clear_image"
ERASE_SUBJECT = "erase_subject"
