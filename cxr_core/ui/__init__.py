"""Components of the screens, the frame around them, and the routes of the app that serves them."""
