"""Other teams: groups that read public topics by the contract alone, each at its own pace, and what reached them."""
