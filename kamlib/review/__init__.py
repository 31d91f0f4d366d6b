"""The pack for a review meeting with a client: six slides made from the dossier."""
