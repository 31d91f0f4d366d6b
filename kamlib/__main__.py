from kamlib.cli import main
raise SystemExit(main())
