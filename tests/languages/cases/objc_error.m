@implementation Cache

- (void)put:(id)value {
  foo(^{ ;
}

- (id)find:(NSString *)key
      with:(int)depth {
  return nil;
}

@end
